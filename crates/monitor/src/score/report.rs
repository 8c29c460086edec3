//! The method on the report's own answers. The infrastructure is computed from its 25 answers; of the services the report
//! published totals only, so their scores are marked as stated, and what is computed is the band that the method gives them.

use super::sheet::{Basis, ComponentScore, Conflict, ConflictValue, Mark, QuestionScore, ServiceScore, Sheet};
use crate::{
    fraction::Fraction,
    methodology::{Component, Methodology, Questionnaire, Reported, ReportedConflict, ReportedScore},
};
use base::Localized;

pub fn report(methodology: &Methodology) -> Sheet {
    let components = methodology.infrastructure.component.iter().map(reported_component).collect();
    let services = methodology.report.service.iter().map(|service| reported_service(methodology, service)).collect();
    sheet(components, services)
}

/// Adds the components up.
pub(super) fn sheet(components: Vec<ComponentScore>, services: Vec<ServiceScore>) -> Sheet {
    let index = components.iter().map(|component| component.score).try_fold(Fraction::ZERO, Fraction::checked_add);
    Sheet {
        infrastructure: index.expect("denominators are numbers of questions in a file that a person wrote"),
        maximum: u32::try_from(components.len()).expect("a file has fewer components than 2^32"),
        components,
        services,
    }
}

fn reported_component(component: &Component) -> ComponentScore {
    let questions = component.question.iter().map(|question| QuestionScore {
        id: question.id.clone(),
        text: question.text.clone(),
        rule: question.rule,
        answer: question.answer,
        judged: None,
    });
    component_score(component, questions.collect())
}

/// A component's score is the mean of its questions (reading `component_is_mean`).
pub(super) fn component_score(component: &Component, questions: Vec<QuestionScore>) -> ComponentScore {
    let count = |number: usize| i64::try_from(number).expect("a file has fewer questions than 2^63");
    let yes = questions.iter().filter(|question| question.answer).count();
    let score =
        Fraction::new(count(yes), count(questions.len())).expect("the loader refuses a component without questions");
    ComponentScore {
        id: component.id,
        name: component.name.clone(),
        score,
        printed: score.cut_to_hundredths(),
        questions,
    }
}

fn reported_service(methodology: &Methodology, service: &Reported) -> ServiceScore {
    ServiceScore {
        id: service.id.clone(),
        online: None,
        maturity: maturity(methodology, &service.maturity),
        participation: points(methodology, &methodology.participation, &service.participation),
        transparency: points(methodology, &methodology.transparency, &service.transparency),
        conflicts: service.conflict.iter().map(|conflict| shown(methodology, conflict)).collect(),
    }
}

fn maturity(methodology: &Methodology, reported: &ReportedScore) -> Mark {
    let model = methodology.maturity.model.iter().find(|model| model.tiers == reported.of);
    let level = model.and_then(|model| model.level(reported.score)).expect("the loader checked the level");
    stated(methodology, reported, &level.code, &level.name)
}

fn points(methodology: &Methodology, part: &Questionnaire, reported: &ReportedScore) -> Mark {
    let scale = part.scale.iter().find(|scale| scale.maximum == reported.of);
    let band = scale.and_then(|scale| scale.band(reported.score)).expect("the loader checked the scale");
    stated(methodology, reported, &band.code, &band.name)
}

fn stated(methodology: &Methodology, reported: &ReportedScore, band: &str, name: &Localized) -> Mark {
    let label = reported.label.as_deref();
    Mark {
        printed: format!("{}/{}", reported.of, reported.score),
        score: reported.score,
        maximum: reported.of,
        band: band.into(),
        name: name.clone(),
        basis: Basis::Stated,
        printed_label: label.and_then(|code| methodology.printed_label(code)).cloned(),
        share: None,
        criteria: Vec::new(),
    }
}

fn shown(methodology: &Methodology, conflict: &ReportedConflict) -> Conflict {
    let values = conflict.value.iter().map(|value| ConflictValue {
        place: methodology.place(&value.place).expect("the loader checked the place").clone(),
        printed: value.printed.clone(),
        label: value.label.as_deref().and_then(|code| methodology.printed_label(code)).cloned(),
    });
    Conflict { matter: conflict.matter, values: values.collect() }
}
