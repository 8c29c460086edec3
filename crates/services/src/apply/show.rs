//! From a dossier to what its applicant or official sees.

use crate::{
    case::Dossier,
    evidence,
    form::{Field, Kind, visible_fields, visible_steps},
    services::Services,
    view::{AnswerView, EvidenceView, FeeView, Section},
};
use base::{Lang, Localized, Money};

impl Services {
    pub(crate) fn evidence_view(&self, dossier: &Dossier, question: &str) -> Option<EvidenceView> {
        let known = dossier.definition.evidence.question(question)?;
        let evidence = dossier.evidence.iter().find(|evidence| evidence.question == question)?;
        Some(evidence::view(known, evidence))
    }

    /// In the order of the service's file.
    pub(crate) fn evidence_views(&self, dossier: &Dossier) -> Vec<EvidenceView> {
        let questions = dossier.definition.evidence.questions.iter();
        questions.filter_map(|question| self.evidence_view(dossier, &question.id)).collect()
    }

    /// The answers of the steps that these answers lead through.
    pub(crate) fn sections(&self, dossier: &Dossier) -> Vec<Section> {
        let facts = dossier.facts(self.today());
        let rules = &dossier.definition.rules;
        let answer = |field: &Field| AnswerView {
            field: field.id.clone(),
            label: field.label.clone(),
            value: self.answer_words(dossier, field),
            files: dossier.files_of(&field.id).cloned().collect(),
        };
        visible_steps(&dossier.definition.form, rules, &facts)
            .into_iter()
            .map(|step| Section {
                step: step.id.clone(),
                title: step.title.clone(),
                answers: visible_fields(step, rules, &facts).into_iter().map(answer).collect(),
            })
            .collect()
    }

    fn answer_words(&self, dossier: &Dossier, field: &Field) -> Localized {
        let answer = dossier.answers.get(&field.id).map(String::as_str).unwrap_or_default();
        let words = self.catalogue().words();
        match &field.kind {
            Kind::Choice { options } => {
                options.iter().find(|option| option.value == answer).map(|option| option.label.clone())
            }
            Kind::Yesno if answer == "yes" => Some(words.yes.clone()),
            Kind::Yesno if answer == "no" => Some(words.no.clone()),
            Kind::Money { .. } => Money::parse_decimal(answer).map(money_words),
            Kind::Date { .. } => {
                answer.parse::<base::Date>().ok().map(|day| same(&day.strftime("%d.%m.%Y").to_string()))
            }
            _ => None,
        }
        .unwrap_or_else(|| same(answer))
    }

    pub(crate) fn fee_view(&self, dossier: &Dossier) -> Option<FeeView> {
        let fee = dossier.definition.card.fee.as_ref()?;
        Some(FeeView {
            amount: fee.amount,
            title: fee.title.clone(),
            debt_code: dossier.case.debt_code.clone(),
            paid_at: dossier.case.fee_paid_at,
            receipt_number: dossier.case.fee_receipt.clone(),
        })
    }
}

fn same(text: &str) -> Localized {
    crate::case::parts::same(text)
}

pub(crate) fn money_words(amount: Money) -> Localized {
    Localized { az: amount.display(Lang::Az), en: amount.display(Lang::En), ru: amount.display(Lang::Ru) }
}
