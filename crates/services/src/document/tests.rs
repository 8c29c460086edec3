//! Documents read back by poppler's pdftotext: every letter that went in comes out, whatever the number of pages.

use super::*;
use host::testing::TempDir;
use std::process::Command;

fn words(az: &str, en: &str, ru: &str) -> Localized {
    Localized { az: az.into(), en: en.into(), ru: ru.into() }
}

fn line(label: &str, value: &str) -> Line {
    Line { label: same(label), value: same(value) }
}

fn sheet() -> Sheet {
    Sheet {
        lang: Lang::Az,
        ceremonial: true,
        state: same("AZƏRBAYCAN RESPUBLİKASI"),
        issuer: same("Əmək və Əhalinin Sosial Müdafiəsi Nazirliyi"),
        title: words(
            "İşsiz statusunun verilməsi və işsizlik müavinətinin təyin edilməsi haqqında",
            "On the unemployment status and the unemployment allowance",
            "О статусе безработного и назначении пособия по безработице",
        ),
        lead: words(
            "Aytən Kamran qızı Məmmədova işsiz kimi qeydiyyata alınsın və ona aylıq işsizlik müavinəti təyin edilsin: 784,00\u{a0}AZN.",
            "Aytən Kamran qızı Məmmədova is registered as unemployed and is granted a monthly unemployment allowance of 784.00\u{a0}AZN.",
            "Aytən Kamran qızı Məmmədova: присвоен статус безработного и назначено ежемесячное пособие 784,00\u{a0}AZN.",
        ),
        marks: vec![
            (words("Nömrə", "Number", "Номер"), "IS-2026-000001".into()),
            (words("Tarix", "Date", "Дата"), "23.11.2026".into()),
        ],
        blocks: vec![
            Block {
                title: words("Müraciət edən", "Applicant", "Заявитель"),
                body: Body::Lines(vec![
                    line("Adı, soyadı", "Aytən Kamran qızı Məmmədova"),
                    line("FİN", "AYTEN01"),
                    line("Ünvan", "Bakı şəhəri, Şərifzadə küçəsi, ev 42, mənzil 17"),
                    line("İşin nömrəsi", "PN-2026-000001"),
                ]),
            },
            Block {
                title: words("Hesablanma", "Computation", "Расчёт"),
                body: Body::Sum(vec![
                    line("Son 12 ayın əməkhaqqı, cəmi", "13\u{a0}440,00\u{a0}AZN"),
                    line("Orta aylıq əməkhaqqı (12-yə bölünür)", "1\u{a0}120,00\u{a0}AZN"),
                    line("Aylıq müavinət (70 %, ən az 200, ən çox 1 500 AZN)", "784,00\u{a0}AZN"),
                ]),
            },
            Block {
                title: words("Əsaslandırma", "Reasons", "Обоснование"),
                body: Body::Text(same("Reyestrlərdən alınmış məlumatlara əsasən qanunun bütün şərtləri ödənilir.")),
            },
            Block {
                title: words("Hüquqi əsas", "Legal basis", "Правовое основание"),
                body: Body::Text(same(
                    "Məşğulluq haqqında qanun; elektron xidmətlər haqqında 23 may 2011-ci il tarixli Fərman",
                )),
            },
            Block {
                title: words("Qeyd", "Note", "Примечание"),
                body: Body::Text(same(
                    "Müavinət qərarın ertəsi günündən 6 ay ərzində hər ay ödənilir. İşə düzəldikdə və ya sahibkarlığa başladıqda 5 iş günü ərzində portalda xəbər verilməlidir.",
                )),
            },
        ],
        signer: Some(Signer {
            label: words("Elektron imzalayan", "Signed electronically by", "Подписано электронно"),
            name: "Leyla Həsənova".into(),
            position: Some("Məşğulluq şöbəsinin baş məsləhətçisi".into()),
            on: "23.11.2026".into(),
        }),
        check: Some(Check {
            caption: words("Sənədin həqiqiliyini yoxlayın", "Check this document", "Проверьте подлинность документа"),
            address: "http://127.0.0.1:8800/verify/7K2M9QX4TB3W".into(),
        }),
        page: same("səhifə"),
        at: base::clock::from_micros(1_795_000_000_000_000),
    }
}

/// The text that poppler reads, with runs of white space as one space.
fn read_back(pdf: &[u8]) -> String {
    let folder = TempDir::new();
    let file = folder.path().join("document.pdf");
    std::fs::write(&file, pdf).expect("written");
    let output = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output();
    let output = output.expect("pdftotext is there (package poppler-utils)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_letter_comes_back() {
    let pdf = render(&sheet()).expect("made");
    assert!(pdf.starts_with(b"%PDF-1.7"));
    assert!(pdf.len() < 120_000, "{} bytes", pdf.len());
    // For a person who tunes the shape: the file stays where the runner says.
    if let Some(place) = option_env!("PENCERE_KEEP_DOCUMENT") {
        std::fs::write(place, &pdf).expect("kept");
    }
    let text = read_back(&pdf);
    for expected in [
        "AZƏRBAYCAN RESPUBLİKASI",
        "Əmək və Əhalinin Sosial Müdafiəsi Nazirliyi",
        "О статусе безработного и назначении пособия по безработице",
        "IS-2026-000001",
        "Şərifzadə küçəsi",
        "Məşğulluq haqqında qanun",
        "Leyla Həsənova",
        "784,00",
        "verify/7K2M9QX4TB3W",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    assert_eq!(text.matches('\u{c}').count(), 0);
}

#[test]
fn the_file_says_that_it_is_for_the_archive() {
    let pdf = render(&sheet()).expect("made");
    let text = String::from_utf8_lossy(&pdf);
    assert!(
        text.contains("<pdfaid:part>2</pdfaid:part>") && text.contains("<pdfaid:conformance>B</pdfaid:conformance>")
    );
    assert!(text.contains("OutputIntent"));
    assert_eq!(pdf, render(&sheet()).expect("made"), "the same sheet makes the same bytes");
}

#[test]
fn long_documents_flow_over_pages_and_lose_nothing() {
    let mut sheet = sheet();
    let long: Vec<_> = (0..150).map(|number| line(&format!("sətir {number}"), &format!("dəyər-{number}"))).collect();
    sheet.blocks.push(Block { title: same("Uzun"), body: Body::Lines(long) });
    let table = (0..60).map(|number| vec![format!("ay-{number}"), "“Nümunə” MMC".into(), "850.00".into()]).collect();
    sheet.blocks.push(Block {
        title: same("Cədvəl"),
        body: Body::Table { columns: vec![same("Ay"), same("İşəgötürən"), same("Məbləğ")], rows: table },
    });
    let text = read_back(&render(&sheet).expect("made"));
    for expected in ["dəyər-0", "dəyər-149", "ay-59"] {
        assert!(text.contains(expected), "{expected}");
    }
    sheet.ceremonial = false;
    assert!(read_back(&render(&sheet).expect("made")).contains("dəyər-149"));
}

#[test]
fn the_reader_s_language_carries_the_document() {
    let mut sheet = Sheet { ceremonial: false, lang: Lang::Ru, ..sheet() };
    let text = read_back(&render(&sheet).expect("made"));
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} in {text}"));
    assert!(place("О статусе безработного") < place("On the unemployment status"), "{text}");
    assert!(text.contains("Номер") && !text.contains("Nömrə"), "{text}");
    sheet.lang = Lang::En;
    let text = read_back(&render(&sheet).expect("made"));
    assert!(text.contains("Number") && !text.contains("Номер"), "{text}");
}

#[test]
fn strange_letters_are_no_reason_to_fail() {
    let mut sheet = sheet();
    sheet.blocks.push(Block { title: same("?"), body: Body::Text(same("漢字 😀 \u{202e} \t ﷽")) });
    assert!(render(&sheet).is_ok());
}
