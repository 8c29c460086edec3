//! Filling in: pages, answers, files. Every step is saved as it comes; what does not stand is refused field by field, what
//! stands is kept even then.

use crate::{
    case::{
        Dossier, Event, State,
        parts::{self, Actor},
    },
    form::{Field, FileKind, Kind, Step, canonical, visible_fields, visible_steps},
    refusal::{FieldProblem, Outcome, Refusal},
    rule::Verdict,
    services::{Services, refuse},
    view::{Applicant, FieldView, FileContent, FileView, Next, Page},
};
use base::Failure;
use host::{args, store::Tx};
use serde_json::Map;
use std::collections::BTreeMap;

/// Longest file name that is kept, in letters.
const FILE_NAME_LETTERS_MAX: usize = 120;

impl Services {
    /// One page of the form: the named step, or the first that lacks an answer (a fresh application: the first of all).
    pub async fn page(&self, who: &Applicant, reference: &str, step: Option<&str>) -> Outcome<Page> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        let today = self.today();
        let facts = dossier.facts(today);
        let definition = dossier.definition.clone();
        let steps = visible_steps(&definition.form, &definition.rules, &facts);
        let missing = dossier.missing_steps(today);
        let wanted = match step {
            Some(step) => step.to_owned(),
            None if dossier.answers.is_empty() => steps.first().map(|step| step.id.clone()).unwrap_or_default(),
            None => missing.first().cloned().or_else(|| steps.last().map(|step| step.id.clone())).unwrap_or_default(),
        };
        let Some(place) = steps.iter().position(|step| step.id == wanted) else { return refuse(Refusal::UnknownStep) };
        if !self.is_editable(&dossier, &wanted) {
            return refuse(Refusal::NotNow { state: dossier.case.state });
        }
        let step = steps[place];
        let fields = visible_fields(step, &definition.rules, &facts);
        let evidence = step.evidence.iter().filter_map(|id| self.evidence_view(&dossier, id));
        Ok(Page {
            reference: reference.to_owned(),
            service: dossier.case.service.clone(),
            service_title: definition.card.title.clone(),
            step: step.id.clone(),
            title: step.title.clone(),
            hint: step.hint.clone(),
            number: place + 1,
            count: steps.len(),
            previous: place.checked_sub(1).map(|before| steps[before].id.clone()),
            fields: fields.into_iter().map(|field| field_view(&dossier, field)).collect(),
            evidence: evidence.collect(),
        })
    }

    /// Saves one step; where to go next.
    pub async fn answer(
        &self,
        who: &Applicant,
        reference: &str,
        step: &str,
        typed: &BTreeMap<String, String>,
    ) -> Outcome<Next> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        self.reopen_in(&mut tx, &mut dossier, step).await?;
        let definition = dossier.definition.clone();
        let Some(step) = definition.form.steps.iter().find(|known| known.id == step) else {
            return refuse(Refusal::UnknownStep);
        };
        let problems = self.take_answers(&mut tx, &mut dossier, step, typed).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        tx.commit().await?;
        if !problems.is_empty() {
            return refuse(Refusal::Invalid(problems));
        }
        let facts = dossier.facts(self.today());
        let steps = visible_steps(&definition.form, &definition.rules, &facts);
        let next = steps.iter().skip_while(|known| known.id != step.id).nth(1);
        Ok(next.map_or(Next::Summary, |next| Next::Step(next.id.clone())))
    }

    /// Canonical answers first, then conditions and checks over all of them, in the order of the fields.
    async fn take_answers(
        &self,
        tx: &mut Tx,
        dossier: &mut Dossier,
        step: &Step,
        typed: &BTreeMap<String, String>,
    ) -> Outcome<Vec<FieldProblem>> {
        let (now, today) = (self.now(), self.today());
        let rules = dossier.definition.rules.clone();
        let mut problems = Vec::new();
        for field in step.fields.iter().filter(|field| !matches!(field.kind, Kind::File { .. })) {
            let text = typed.get(&field.id).map(String::as_str).unwrap_or_default();
            let before = dossier.answers.get(&field.id).cloned();
            match canonical(field, text, today) {
                Ok(Some(answer)) => dossier.answers.insert(field.id.clone(), answer),
                Ok(None) => dossier.answers.remove(&field.id),
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let facts = dossier.facts(today);
            let seen = visible_fields(step, &rules, &facts).iter().any(|seen| seen.id == field.id);
            let answered = dossier.answers.contains_key(&field.id);
            let stands = field.check.as_ref().and_then(|check| rules.get(check)).map(|rule| rule.holds(&facts));
            if seen && field.required && !answered {
                problems.push(FieldProblem::new(&field.id, "services.field_required"));
            } else if seen && answered && stands.is_some_and(|verdict| verdict != Verdict::Known(true)) {
                let message = field.check_message.clone();
                problems.push(FieldProblem { field: field.id.clone(), code: "services.field_check", message });
                restore(dossier, field, before);
            }
            let answer = dossier.answers.get(&field.id).map(String::as_str);
            parts::save_answer(tx, &dossier.case.reference, &field.id, answer, now).await?;
        }
        let lacks_files = step.fields.iter().filter(|field| field.required && matches!(field.kind, Kind::File { .. }));
        problems.extend(
            lacks_files
                .filter(|field| dossier.files_of(&field.id).next().is_none())
                .map(|field| FieldProblem::new(&field.id, "services.field_file_required")),
        );
        Ok(problems)
    }

    /// Lets a step be changed: a summary that is ready to sign becomes a draft again; anything later is refused.
    async fn reopen_in(&self, tx: &mut Tx, dossier: &mut Dossier, step: &str) -> Outcome<()> {
        if !self.is_editable(dossier, step) {
            return refuse(Refusal::NotNow { state: dossier.case.state });
        }
        if dossier.case.state == State::ToSign {
            let actor = Actor::Applicant { pin: dossier.case.pin.clone() };
            self.advance(tx, &mut dossier.case, Event::ReopenDraft, "services.reopened", &actor, Map::new()).await?;
        }
        Ok(())
    }

    /// Back from the summary to the form, before signing.
    pub async fn reopen(&self, who: &Applicant, reference: &str) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        if dossier.case.state == State::Draft {
            return Ok(());
        }
        let actor = Actor::Applicant { pin: dossier.case.pin.clone() };
        self.advance(&mut tx, &mut dossier.case, Event::ReopenDraft, "services.reopened", &actor, Map::new()).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Adds a file to a field. What it is, its content says.
    pub async fn attach(
        &self,
        who: &Applicant,
        reference: &str,
        field: &str,
        file_name: &str,
        content: Vec<u8>,
    ) -> Outcome<FileView> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        let Some((step, accept, size_bytes_max, files_max)) = file_field(&dossier, field) else {
            return refuse(Refusal::UnknownField);
        };
        if !self.is_editable(&dossier, &step) {
            return refuse(Refusal::NotNow { state: dossier.case.state });
        }
        let file = self.file_of(field, file_name, &content, &accept, size_bytes_max)?;
        self.setup.blobs.put(&file.id, content.into()).await?;
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        self.reopen_in(&mut tx, &mut dossier, &step).await?;
        // A double click sends the same file twice: it is there once.
        if let Some(same) = dossier.files_of(field).find(|known| known.sha256 == file.sha256 && known.name == file.name)
        {
            return Ok(same.clone());
        }
        if dossier.files_of(field).count() >= files_max {
            return refuse(Refusal::TooManyFiles);
        }
        parts::insert_file(&mut tx, reference, &file).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// Checks name, size and content; the file as it will be kept.
    pub(crate) fn file_of(
        &self,
        field: &str,
        file_name: &str,
        content: &[u8],
        accept: &[FileKind],
        size_bytes_max: u64,
    ) -> Outcome<FileView> {
        let size_bytes = content.len() as u64;
        if content.is_empty() {
            return refuse(Refusal::FileEmpty);
        }
        if size_bytes > size_bytes_max {
            return refuse(Refusal::FileTooLarge);
        }
        let Some(kind) = FileKind::sniff(content).filter(|kind| accept.contains(kind)) else {
            return refuse(Refusal::FileKind);
        };
        let name = plain_name(file_name).ok_or(Failure::Refused(Refusal::FileName))?;
        Ok(FileView {
            id: self.new_id().to_string(),
            field: field.to_owned(),
            name,
            kind,
            size_bytes,
            sha256: crate::document::sha256_hex(content),
            at: self.now(),
        })
    }

    pub async fn detach(&self, who: &Applicant, reference: &str, file: &str) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        let Some(known) = dossier.files.iter().find(|known| known.id == file).cloned() else {
            return refuse(Refusal::UnknownFile);
        };
        let Some((step, ..)) = file_field(&dossier, &known.field) else { return refuse(Refusal::UnknownFile) };
        self.reopen_in(&mut tx, &mut dossier, &step).await?;
        tx.execute("DELETE FROM services_file WHERE id = $1 AND reference = $2", &args![file, reference]).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    pub async fn file(&self, who: &Applicant, reference: &str, file: &str) -> Outcome<FileContent> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        self.file_content(&dossier, file).await
    }

    pub(crate) async fn file_content(&self, dossier: &Dossier, file: &str) -> Outcome<FileContent> {
        let Some(known) = dossier.files.iter().find(|known| known.id == file) else {
            return refuse(Refusal::UnknownFile);
        };
        let bytes = self.blob(&known.id).await?;
        Ok(FileContent { name: known.name.clone(), media_type: known.kind.media_type().to_owned(), bytes })
    }

    pub(crate) async fn blob(&self, key: &str) -> Outcome<Vec<u8>> {
        let bytes = self.setup.blobs.get(key).await?;
        let lost = || Failure::Failed(base::Fault::new("read a stored file", "the object is gone"));
        bytes.map(|bytes| bytes.to_vec()).ok_or_else(lost)
    }
}

/// An answer that does not stand leaves the one before it.
fn restore(dossier: &mut Dossier, field: &Field, before: Option<String>) {
    match before {
        Some(before) => dossier.answers.insert(field.id.clone(), before),
        None => dossier.answers.remove(&field.id),
    };
}

fn file_field(dossier: &Dossier, field: &str) -> Option<(String, Vec<FileKind>, u64, usize)> {
    let step = dossier.definition.form.steps.iter().find(|step| step.fields.iter().any(|known| known.id == field))?;
    match &dossier.definition.form.field(field)?.kind {
        Kind::File { accept, size_bytes_max, files_max } => {
            Some((step.id.clone(), accept.clone(), *size_bytes_max, *files_max))
        }
        _ => None,
    }
}

fn field_view(dossier: &Dossier, field: &Field) -> FieldView {
    FieldView {
        field: field.clone(),
        value: dossier.answers.get(&field.id).cloned().unwrap_or_default(),
        files: dossier.files_of(&field.id).cloned().collect(),
    }
}

/// The last part of what the browser called the file, without what could confuse a page or a folder.
fn plain_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let clean: String = last.chars().filter(|letter| !letter.is_control() && !"<>:\"|?*".contains(*letter)).collect();
    let right = !clean.trim_matches('.').is_empty() && clean.chars().count() <= FILE_NAME_LETTERS_MAX;
    right.then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn file_names_lose_their_folders_and_tricks() {
        for (typed, expected) in [
            ("plan.pdf", Some("plan.pdf")),
            ("C:\\Users\\Rəşad\\plan 1.dwg", Some("plan 1.dwg")),
            ("../../etc/passwd", Some("passwd")),
            ("<plan>?.pdf", Some("plan.pdf")),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(plain_name(typed).as_deref(), expected, "{typed}");
        }
        assert_eq!(plain_name(&"a".repeat(200)), None);
    }
}
