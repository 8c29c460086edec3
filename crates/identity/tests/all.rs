//! Stories over HTTP, told on both databases: a browser, two clients, a card, a phone and a register of companies, all in one
//! process; the provider is the real one.

mod story {
    mod acting;
    mod card;
    mod certificates;
    mod code_flow;
    mod logout;
    mod pages;
    mod phone;
    mod privacy;
    mod world;
}
