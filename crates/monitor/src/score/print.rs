//! The scores as a table for a terminal, in English like the rest of the command line.

use super::{Mark, Score, Sheet};
use crate::probe::State;
use base::Lang;
use std::fmt::{self, Display, Formatter};

impl Display for Score {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (report, live) = (&self.report, &self.live);
        writeln!(
            out,
            "Infrastructure index: {} of {} in the report, {} of {} here and now",
            report.infrastructure, report.maximum, live.infrastructure, live.maximum
        )?;
        for (then, now) in report.components.iter().zip(&live.components) {
            let name = then.name.in_lang(Lang::En);
            writeln!(out, "  {}. {name:<60} {:>4}   {:>4}", then.id, then.score.to_string(), now.score.to_string())?;
        }
        writeln!(out, "\nServices, level or points of the maximum      maturity       participation  transparency")?;
        for (then, now) in report.services.iter().zip(&live.services) {
            writeln!(
                out,
                "  {:<5} in the report                          {}",
                then.id,
                marks([&then.maturity, &then.participation, &then.transparency])
            )?;
            if now.online == Some(true) {
                writeln!(
                    out,
                    "        here and now                           {}",
                    marks([&now.maturity, &now.participation, &now.transparency])
                )?;
            }
        }
        let (met, not_met, no_data) = states(live);
        writeln!(
            out,
            "\nCriteria of the running services and the country: {met} met, {not_met} not met, {no_data} without data (which never counts as met)"
        )
    }
}

fn marks(marks: [&Mark; 3]) -> String {
    marks.map(|mark| format!("{:<15}", format!("{} of {}", mark.score, mark.maximum))).concat().trim_end().to_owned()
}

fn states(live: &Sheet) -> (usize, usize, usize) {
    let country = live
        .components
        .iter()
        .flat_map(|component| &component.questions)
        .filter_map(|question| question.judged.as_ref());
    let services = live
        .services
        .iter()
        .filter(|service| service.online == Some(true))
        .flat_map(|service| [&service.maturity, &service.participation, &service.transparency])
        .flat_map(|mark| &mark.criteria);
    let states: Vec<State> = country.chain(services).map(|judged| judged.state).collect();
    let count = |wanted: State| states.iter().filter(|state| **state == wanted).count();
    (count(State::Met), count(State::NotMet), count(State::NoData))
}
