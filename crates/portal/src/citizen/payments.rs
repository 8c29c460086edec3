//! What is owed and what was paid; the way to the bank and back. Money and its rules are the payments part's.

use crate::{
    pages::{self, DebtLine, PaidLine},
    parts::{Crumbs, Fact, Facts, Fee, Mood, Note},
    posted::Posted,
    shell::{Place, Shell, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use ::payments::{Begin, Debt, DebtState, PaymentState};
use axum::{
    extract::Path,
    response::{IntoResponse, Redirect},
};

const REFRESH_S: u32 = 3;
/// A receipt's paper is there a moment after the receipt; so long the page looks again by itself.
const PAPER_SOON_S: i64 = 60;

fn fee(s: &Shell, debt: &Debt, text: String) -> Fee {
    Fee { label: debt.purpose.in_lang(s.lang).to_owned(), amount: debt.amount.display(s.lang), text }
}

pub async fn list(visit: Visit) -> Paged {
    let s = visit.at(Place::Payments);
    let owner = visit.person()?.owner();
    let all = visit.app.payments.debts_of(&owner).await?;
    let open = all.iter().filter(|debt| matches!(debt.state, DebtState::Open | DebtState::InPayment));
    let debts = open.map(|debt| DebtLine {
        fee: fee(&s, debt, String::new()),
        code: debt.code.as_str().to_owned(),
        href: s.url(&format!("/payments/{}", debt.id)),
    });
    let debts = debts.collect();
    let receipts = visit.app.payments.receipts_of_payer(&owner).await?;
    let kept = visit.app.safe.documents_from(::payments::ORIGIN, &owner).await?;
    let paid = all.iter().filter(|debt| debt.state == DebtState::Paid).map(|debt| {
        let receipt = receipts.iter().find(|receipt| receipt.debt == debt.id);
        let paper = receipt.and_then(|receipt| kept.get(&receipt.number));
        PaidLine {
            what: debt.purpose.in_lang(visit.lang).to_owned(),
            when: debt.paid_at.map(|at| s.moment(at)).unwrap_or_default(),
            amount: debt.amount.display(visit.lang),
            number: receipt.map_or_else(|| debt.code.as_str().to_owned(), |receipt| receipt.number.clone()),
            href: s.url(&format!("/payments/{}", debt.id)),
            paper: paper.map(|document| s.url(&format!("/safe/{document}"))),
        }
    });
    let paid = paid.collect();
    paged(&pages::Payments { notes: Vec::new(), debts, paid, s })
}

/// A debt of this person by its id, or by the reference of the case that it is owed for.
async fn debt_of(visit: &Visit, named: &str) -> Result<Debt, Trouble> {
    let all = visit.app.payments.debts_of(&visit.person()?.owner()).await?;
    let fits = |debt: &Debt| debt.id.as_str() == named || debt.case_reference.as_deref() == Some(named);
    all.into_iter().find(fits).ok_or(Trouble::NotFound)
}

pub async fn page(visit: Visit, Path(named): Path<String>) -> Paged {
    let debt = debt_of(&visit, &named).await?;
    let mut s = visit.at(Place::Payments);
    let payments = visit.app.payments.payments_of_debt(&debt.id).await?;
    let latest = payments.iter().max_by_key(|payment| payment.created_at);
    let receipt = visit.app.payments.receipts_of_debt(&debt.id).await?.into_iter().next();
    let note = match (debt.state, latest.map(|payment| payment.state)) {
        (DebtState::Paid, _) => Some((Mood::Good, s.t("payment.done_title"), s.t("payment.done"))),
        (DebtState::InPayment, _) => Some((Mood::Info, s.t("payment.pending_title"), s.t("payment.pending"))),
        (_, Some(PaymentState::Declined | PaymentState::Expired | PaymentState::Cancelled)) => {
            Some((Mood::Warn, s.t("payment.failed_title"), s.t("payment.failed")))
        }
        _ => None,
    };
    if debt.state == DebtState::InPayment {
        s.refresh_s = Some(REFRESH_S);
    }
    let mut rows = vec![Fact::new(s.t("payment.code"), debt.code.as_str())];
    if let Some(receipt) = &receipt {
        rows.push(Fact::new(s.t("payment.payee"), receipt.payee.in_lang(visit.lang)));
        let kept = visit.app.safe.document_of(::payments::ORIGIN, &receipt.number).await?;
        let age_s = s.now.as_second() - receipt.issued_at.as_second();
        if kept.is_none() && age_s < PAPER_SOON_S {
            s.refresh_s = Some(REFRESH_S);
        }
        let paper = kept.map(|document| (s.url(&format!("/safe/{}", document.id)), s.t("payment.paper").to_owned()));
        rows.push(Fact { change: paper, ..Fact::new(s.t("payment.number"), receipt.number.as_str()) });
        rows.push(Fact::new(s.t("payment.paid_at"), s.moment(receipt.issued_at)));
    }
    let payable = matches!(debt.state, DebtState::Open | DebtState::InPayment);
    paged(&pages::Payment {
        crumbs: Crumbs {
            label: s.t("layout.crumbs").into(),
            links: vec![(s.url("/payments"), s.t("nav.payments").into())],
        },
        heading: s.t("payment.title").into(),
        notes: note
            .map(|(mood, title, text)| Note { mood, title: title.into(), text: text.into(), link: None })
            .into_iter()
            .collect(),
        fee: fee(&s, &debt, String::new()),
        facts: Facts { rows },
        pay: payable.then(|| s.url(&format!("/payments/{}", debt.id))),
        case: debt.case_reference.as_ref().map(|reference| s.url(&format!("/cases/{}", encode(reference)))),
        s,
    })
}

/// Goes to the bank. Twice is once: a payment under way is continued.
pub async fn pay(visit: Visit, Path(named): Path<String>, _checked: Posted) -> Paged {
    let debt = debt_of(&visit, &named).await?;
    let begin = Begin {
        return_path: visit.url(&format!("/payments/{}", debt.id)),
        debt: debt.id,
        actor: visit.person()?.user(),
        lang: visit.lang,
    };
    let redirect = visit.app.payments.begin_payment(&begin).await?;
    Ok(Redirect::to(&redirect.address).into_response())
}
