//! Pages that anybody may open: front page, catalogue, verification, opinions, scoreboard, bulletin, help, errors.

use crate::{kept::Part, parts::*, shell::Shell};
use askama::Template;
use std::sync::Arc;

/// A service in a list.
#[derive(Debug, Clone)]
pub struct ServiceLine {
    pub href: String,
    pub number: String,
    pub name: String,
    pub agency: String,
    pub status: Tag,
    pub fee: String,
}

#[derive(Debug, Clone)]
pub struct GroupLine {
    pub href: String,
    pub name: String,
    pub count: String,
    pub icon: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "citizen/home.html")]
pub struct Home {
    pub s: Shell,
    pub total: String,
    pub online_total: String,
    pub notes: Vec<Note>,
    pub online: Vec<ServiceLine>,
    pub groups: Vec<GroupLine>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/services.html")]
pub struct Services {
    pub s: Shell,
    pub heading: String,
    pub query: String,
    /// (address, words, whether it is this one)
    pub tabs: Vec<(String, String, bool)>,
    pub found: String,
    pub results: Vec<ServiceLine>,
    pub rest: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/service.html")]
pub struct Service {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub number: String,
    pub name: String,
    pub agency: String,
    pub summary: String,
    pub status: Tag,
    /// Where the application begins; none while the service is not online.
    pub start: Option<String>,
    pub resume: bool,
    pub fetched: Vec<String>,
    pub recommendations: Vec<String>,
    pub steps: Vec<String>,
    pub facts: Vec<Fact>,
    pub scores: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/verify.html")]
pub struct Verify {
    pub s: Shell,
    pub errors: Errors,
    pub code: Field,
    pub file: Field,
}

#[derive(Debug, Template)]
#[template(path = "citizen/verified.html")]
pub struct Verified {
    pub s: Shell,
    pub genuine: bool,
    pub heading: String,
    pub text: String,
    pub facts: Facts,
    pub reasons: Vec<String>,
    pub signatures: Vec<Facts>,
    pub download: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/feedback.html")]
pub struct Feedback {
    pub s: Shell,
    pub errors: Errors,
    pub notes: Vec<Note>,
    pub action: String,
    pub about: String,
    pub fields: Vec<Field>,
}

/// What everybody reads alike, within the visitor's own masthead.
#[derive(Debug, Template)]
#[template(path = "citizen/public.html")]
pub struct Public {
    pub s: Shell,
    pub part: Arc<Part>,
}

#[derive(Debug, Clone)]
pub struct ComponentLine {
    pub name: String,
    pub score: String,
    pub note: String,
}

#[derive(Debug, Clone)]
pub struct ScoreLine {
    pub href: Option<String>,
    pub name: String,
    pub maturity: String,
    pub participation: String,
    pub transparency: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/scores.html", block = "main")]
pub struct Scores {
    pub s: Shell,
    pub live: bool,
    /// When the figures were computed.
    pub at: String,
    pub intro: String,
    pub index: String,
    pub index_note: String,
    pub components: Vec<ComponentLine>,
    /// The country's criteria with their evidence.
    pub country: Option<String>,
    pub services: Vec<ScoreLine>,
}

#[derive(Debug, Clone)]
pub struct CriterionLine {
    pub name: String,
    pub tag: Tag,
    pub evidence: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "citizen/score.html", block = "main")]
pub struct Score {
    pub s: Shell,
    pub crumbs: Crumbs,
    pub name: String,
    pub facts: Facts,
    pub groups: Vec<(String, Vec<CriterionLine>)>,
}

#[derive(Debug, Clone)]
pub struct BulletinLine {
    pub service: String,
    pub agency: String,
    pub online: String,
    pub offline: String,
    pub growth: String,
    pub satisfaction: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/bulletin.html", block = "main")]
pub struct Bulletin {
    pub s: Shell,
    pub month: String,
    pub lead: String,
    pub months: Pager,
    pub figures: Vec<(String, String)>,
    pub chart: Bars,
    pub rows: Vec<BulletinLine>,
    pub rest: String,
    pub csv: String,
    pub json: String,
}

#[derive(Debug, Template)]
#[template(path = "citizen/help.html")]
pub struct Help {
    pub s: Shell,
    pub heading: String,
    pub sections: Vec<(String, String)>,
}

/// A page that could not be shown: not found, refused, or failed with a reference number.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub struct Problem {
    pub s: Shell,
    pub heading: String,
    pub text: String,
    pub advice: Vec<String>,
    pub number: String,
    pub link: Option<(String, String)>,
}
