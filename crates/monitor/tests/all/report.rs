//! The method on the report's own answers gives the report's own figures. The table below was written from the report, not
//! from our computation.

use crate::folder::methodology;
use monitor::{
    fraction::Fraction,
    score::{self, Basis},
};

/// Service; maturity, participation, transparency as printed (maximum first); their bands by the method.
const SERVICES: [(&str, [&str; 3], [&str; 3]); 30] = [
    ("1.1", ["4/1", "10/2", "8/2"], ["informative", "low", "non_transparent"]),
    ("1.2", ["4/1", "10/2", "8/2"], ["informative", "low", "non_transparent"]),
    ("1.3", ["4/4", "10/7", "8/8"], ["full", "good", "sufficiently_transparent"]),
    ("2.1", ["4/4", "10/8", "8/8"], ["full", "good", "sufficiently_transparent"]),
    ("2.2", ["3/3", "10/8", "8/8"], ["two_way", "good", "sufficiently_transparent"]),
    ("2.3", ["4/4", "10/6", "10/8"], ["full", "satisfactory", "sufficiently_transparent"]),
    ("3.1", ["3/2", "10/3", "10/1"], ["one_way", "low", "non_transparent"]),
    ("3.2", ["3/2", "10/3", "10/1"], ["one_way", "low", "non_transparent"]),
    ("3.3", ["3/2", "10/3", "10/1"], ["one_way", "low", "non_transparent"]),
    ("3.4", ["3/2", "10/3", "10/1"], ["one_way", "low", "non_transparent"]),
    ("3.5", ["4/4", "10/6", "10/9"], ["full", "satisfactory", "sufficiently_transparent"]),
    ("4.1", ["3/3", "10/5", "8/8"], ["two_way", "satisfactory", "sufficiently_transparent"]),
    ("4.2", ["3/3", "10/5", "8/8"], ["two_way", "satisfactory", "sufficiently_transparent"]),
    ("4.3", ["3/0", "10/0", "8/0"], ["absent", "low", "non_transparent"]),
    ("5.1", ["4/0", "10/0", "8/0"], ["absent", "low", "non_transparent"]),
    ("5.2", ["3/3", "10/8", "10/8"], ["two_way", "good", "sufficiently_transparent"]),
    ("6.1", ["3/3", "10/3", "8/5"], ["two_way", "low", "relatively_transparent"]),
    ("7.1", ["4/3", "10/6", "10/6"], ["two_way", "satisfactory", "relatively_transparent"]),
    ("8.1", ["4/4", "10/7", "10/10"], ["full", "good", "sufficiently_transparent"]),
    ("8.2", ["4/4", "10/7", "10/10"], ["full", "good", "sufficiently_transparent"]),
    ("9.1", ["3/3", "10/6", "10/8"], ["two_way", "satisfactory", "sufficiently_transparent"]),
    ("10.1", ["3/3", "10/8", "10/8"], ["two_way", "good", "sufficiently_transparent"]),
    ("10.2", ["4/3", "10/8", "10/8"], ["two_way", "good", "sufficiently_transparent"]),
    ("11.1", ["4/4", "10/9", "10/10"], ["full", "excellent", "sufficiently_transparent"]),
    ("11.2", ["4/4", "10/9", "8/8"], ["full", "excellent", "sufficiently_transparent"]),
    ("11.3", ["4/4", "10/9", "8/8"], ["full", "excellent", "sufficiently_transparent"]),
    ("12.1", ["4/0", "10/0", "10/0"], ["absent", "low", "non_transparent"]),
    ("13.1", ["4/2", "10/3", "10/2"], ["one_way", "low", "non_transparent"]),
    ("14.1", ["4/4", "10/7", "10/8"], ["full", "good", "sufficiently_transparent"]),
    ("15.1", ["4/3", "10/5", "10/5"], ["two_way", "satisfactory", "relatively_transparent"]),
];

/// Component; questions answered yes, questions, exact score, score as printed.
const COMPONENTS: [(u32, usize, usize, &str, &str); 7] = [
    (1, 3, 9, "1/3", "0.33"),
    (2, 7, 7, "1", "1"),
    (3, 2, 3, "2/3", "0.66"),
    (4, 1, 1, "1", "1"),
    (5, 2, 2, "1", "1"),
    (6, 0, 1, "0", "0"),
    (7, 2, 2, "1", "1"),
];

#[test]
fn the_index_is_exactly_five_of_seven() {
    let methodology = methodology();
    let sheet = score::report(&methodology);
    assert_eq!((sheet.infrastructure, sheet.maximum), (Fraction::whole(5), 7));
    for (component, (id, yes, questions, exact, printed)) in sheet.components.iter().zip(COMPONENTS) {
        let answered = component.questions.iter().filter(|question| question.answer).count();
        assert_eq!((component.id, answered, component.questions.len()), (id, yes, questions));
        assert_eq!((component.score.to_string().as_str(), component.printed.as_str()), (exact, printed), "{id}");
        let file = methodology.infrastructure.component.iter().find(|file| file.id == id);
        assert_eq!(file.map(|file| file.printed.as_str()), Some(printed), "the file says what the report prints");
    }
    assert_eq!(sheet.components.len(), COMPONENTS.len());
}

#[test]
fn all_thirty_services_have_their_scores_and_bands() {
    let sheet = score::report(&methodology());
    let found: Vec<_> = sheet
        .services
        .iter()
        .map(|service| {
            let marks = [&service.maturity, &service.participation, &service.transparency];
            assert!(
                marks.iter().all(|mark| mark.basis == Basis::Stated && mark.criteria.is_empty()),
                "nothing invented"
            );
            (service.id.as_str(), marks.map(|mark| mark.printed.as_str()), marks.map(|mark| mark.band.as_str()))
        })
        .collect();
    assert_eq!(found, SERVICES);
}

#[test]
fn what_the_report_says_twice_and_differently_is_shown() {
    let sheet = score::report(&methodology());
    let conflicts = sheet.services.iter().map(|service| service.conflicts.len()).sum::<usize>();
    assert_eq!(conflicts, 28);
    let plates = sheet.services.iter().find(|service| service.id == "3.4").expect("in the table");
    let printed: Vec<_> = plates.conflicts[0].values.iter().filter_map(|value| value.printed.as_deref()).collect();
    assert_eq!(printed, ["3/2", "3/2", "4/2"]);
    let cadastre = sheet.services.iter().find(|service| service.id == "9.1").expect("in the table");
    let label = cadastre.participation.printed_label.as_ref().map(|label| label.en.as_str());
    assert_eq!((label, cadastre.participation.name.en.as_str()), (Some("good"), "satisfactory"));
}

#[test]
fn the_json_has_the_promised_shape() {
    let methodology = methodology();
    let live = score::live(&methodology, &score::Observations::default(), base::clock::from_micros(0));
    let score = score::Score { report: score::report(&methodology), live };
    let json = serde_json::to_value(&score).expect("serialisable");
    assert_eq!(json["report"]["infrastructure"], "5");
    assert_eq!(json["live"]["infrastructure"], "0");
    assert_eq!(json["report"]["services"][0]["id"], "1.1");
    assert_eq!(json["report"]["services"][29]["maturity"]["printed"], "4/3");
    assert_eq!(json["live"]["services"][0]["maturity"]["criteria"][0]["state"], "no_data");
    let again: score::Score = serde_json::from_value(json).expect("readable");
    assert_eq!(again, score);
}

#[test]
fn the_table_for_a_terminal_says_both() {
    let methodology = methodology();
    let online = std::collections::BTreeSet::from(["1.1".to_owned()]);
    let observations = score::Observations { online, facts: Vec::new() };
    let live = score::live(&methodology, &observations, base::clock::from_micros(0));
    let text = score::Score { report: score::report(&methodology), live }.to_string();
    assert!(text.starts_with("Infrastructure index: 5 of 7 in the report, 0 of 7 here and now\n"), "{text}");
    assert_eq!(text.matches("here and now    ").count(), 1, "only what runs has a second line");
    assert!(text.contains("0 met, 0 not met, 54 without data"), "{text}");
}
