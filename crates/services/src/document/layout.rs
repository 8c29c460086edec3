//! The shape of a document: margins, type scale, flow over pages, and the foot with signature and QR code.

use super::{
    face::{Face, Faces},
    paint::{Colour, HEIGHT, Mark, WIDTH},
    sheet::{Block, Body, Check, Line, Sheet, Signer},
};
use base::{Lang, Localized};

const INK: Colour = (0x11, 0x18, 0x27);
const QUIET: Colour = (0x5b, 0x64, 0x72);
const HAIR: Colour = (0xd5, 0xda, 0xe1);
/// The three colours of the flag.
const BLUE: Colour = (0x00, 0x92, 0xbc);
const RED: Colour = (0xe4, 0x00, 0x2b);
const GREEN: Colour = (0x00, 0xaf, 0x66);
/// Frame and star: the blue, deep enough for a line.
const DEEP: Colour = (0x0b, 0x4f, 0x6c);

const MARGIN: f32 = 68.0;
const TEXT_WIDTH: f32 = WIDTH - 2.0 * MARGIN;
const TOP: f32 = 84.0;
const BOTTOM: f32 = HEIGHT - 52.0;
/// Room kept for the signature and the QR code on the last page.
const FOOT_HEIGHT: f32 = 106.0;
const CODE_SIDE: f32 = 82.0;
/// More pages than this are no document of ours: the rest is cut and the page says so by its number.
const PAGES_MAX: usize = 40;

/// Where the pen is.
struct Pen<'a> {
    faces: &'a Faces,
    /// The language that carries the document; the others stand small below it.
    lang: Lang,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

/// Places everything; one list of marks a page.
pub fn pages(sheet: &Sheet, faces: &Faces) -> Vec<Vec<Mark>> {
    let mut pen = Pen { faces, lang: sheet.lang, pages: vec![Vec::new()], y: TOP };
    if sheet.ceremonial {
        pen.ceremonial_head(sheet);
    } else {
        pen.plain_head(sheet);
    }
    for block in &sheet.blocks {
        pen.block(block);
    }
    pen.foot(sheet);
    let count = pen.pages.len();
    for (place, page) in pen.pages.iter_mut().enumerate() {
        furniture(page, sheet, faces, place + 1, count);
    }
    pen.pages
}

/// What every page carries: the band, the frame, its number.
fn furniture(page: &mut Vec<Mark>, sheet: &Sheet, faces: &Faces, number: usize, count: usize) {
    let (left, width, top) = if sheet.ceremonial { (30.0, WIDTH - 60.0, 30.0) } else { (MARGIN, TEXT_WIDTH, 46.0) };
    for (place, colour) in [BLUE, RED, GREEN].into_iter().enumerate() {
        page.push(Mark::Bar { x: left, y: top + place as f32 * 3.2, width, height: 3.2, colour });
    }
    if sheet.ceremonial {
        page.push(Mark::Frame { inset: 22.0, line: 1.1, colour: DEEP });
        page.push(Mark::Frame { inset: 26.0, line: 0.4, colour: DEEP });
    }
    if count > 1 || !sheet.ceremonial {
        let text = format!("{number} / {count}");
        let x = WIDTH - MARGIN - faces.width(&text, Face::Regular, 8.0);
        page.push(Mark::Text { x, y: HEIGHT - 36.0, face: Face::Regular, size: 8.0, colour: QUIET, text });
    }
    if !sheet.ceremonial {
        let text = format!("{} · {}", sheet.issuer.in_lang(sheet.lang), sheet.title.in_lang(sheet.lang));
        page.push(Mark::Text { x: MARGIN, y: HEIGHT - 36.0, face: Face::Regular, size: 8.0, colour: QUIET, text });
    }
}

/// The two languages beside this one, in their order of precedence.
fn others(lang: Lang) -> [Lang; 2] {
    match lang {
        Lang::Az => [Lang::En, Lang::Ru],
        Lang::En => [Lang::Az, Lang::Ru],
        Lang::Ru => [Lang::Az, Lang::En],
    }
}

fn in_all(text: &Localized, first: Lang) -> String {
    let [second, third] = others(first);
    [first, second, third].map(|lang| text.in_lang(lang)).join(" · ")
}

impl Pen<'_> {
    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Begins a new page if `height` does not fit on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.pages.len() < PAGES_MAX {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    fn text(&mut self, x: f32, y: f32, face: Face, size: f32, colour: Colour, text: &str) {
        let text = self.faces.drawable(text, face);
        self.mark(Mark::Text { x, y, face, size, colour, text });
    }

    /// A paragraph at `x`; the pen goes below it.
    fn paragraph(&mut self, text: &str, face: Face, size: f32, colour: Colour, x: f32, width: f32) {
        let leading = size * 1.36;
        for line in self.faces.lines(text, face, size, width) {
            self.need(leading);
            self.y += leading;
            self.text(x, self.y - leading * 0.26, face, size, colour, &line);
        }
    }

    fn centred(&mut self, text: &str, face: Face, size: f32, colour: Colour, width: f32) {
        let leading = size * 1.32;
        for line in self.faces.lines(text, face, size, width) {
            self.need(leading);
            self.y += leading;
            let x = (WIDTH - self.faces.width(&line, face, size)) / 2.0;
            self.text(x, self.y - leading * 0.26, face, size, colour, &line);
        }
    }

    fn hairline(&mut self) {
        let y = self.y;
        self.mark(Mark::Bar { x: MARGIN, y, width: TEXT_WIDTH, height: 0.6, colour: HAIR });
    }

    fn ceremonial_head(&mut self, sheet: &Sheet) {
        self.y = 56.0;
        self.centred(sheet.state.in_lang(self.lang), Face::Semibold, 14.0, INK, TEXT_WIDTH);
        self.y += 1.0;
        self.centred(sheet.issuer.in_lang(self.lang), Face::Regular, 11.5, QUIET, TEXT_WIDTH);
        self.y += 17.0;
        self.star_rule();
        self.y += 15.0;
        self.centred(sheet.title.in_lang(self.lang), Face::Semibold, 22.0, INK, TEXT_WIDTH - 20.0);
        self.y += 5.0;
        for other in others(self.lang) {
            self.centred(sheet.title.in_lang(other), Face::Italic, 11.0, QUIET, TEXT_WIDTH);
        }
        self.y += 10.0;
        self.marks_in_a_row(&sheet.marks);
        self.y += 12.0;
        self.paragraph(sheet.lead.in_lang(self.lang), Face::Regular, 14.0, INK, MARGIN, TEXT_WIDTH);
        self.y += 4.0;
        for other in others(self.lang) {
            self.paragraph(sheet.lead.in_lang(other), Face::Italic, 9.5, QUIET, MARGIN, TEXT_WIDTH);
        }
        self.y += 6.0;
    }

    /// A rule with a star in its middle.
    fn star_rule(&mut self) {
        let (y, middle, half) = (self.y, WIDTH / 2.0, 92.0);
        for x in [middle - half, middle + 16.0] {
            self.mark(Mark::Bar { x, y: y - 0.3, width: half - 16.0, height: 0.6, colour: DEEP });
        }
        self.mark(Mark::Star { x: middle, y, radius: 7.0, colour: DEEP });
    }

    /// Label over value, columns of equal width, centred.
    fn marks_in_a_row(&mut self, marks: &[(Localized, String)]) {
        let width = TEXT_WIDTH / marks.len().max(1) as f32;
        let (top, faces) = (self.y, self.faces);
        for (place, (label, value)) in marks.iter().enumerate() {
            let middle = MARGIN + width * (place as f32 + 0.5);
            let label_text = in_all(label, self.lang);
            let x = middle - faces.width(&label_text, Face::Regular, 7.5) / 2.0;
            self.text(x, top + 9.0, Face::Regular, 7.5, QUIET, &label_text);
            let x = middle - faces.width(value, Face::Semibold, 13.0) / 2.0;
            self.text(x, top + 25.0, Face::Semibold, 13.0, INK, value);
        }
        self.y = top + 31.0;
    }

    fn plain_head(&mut self, sheet: &Sheet) {
        self.y = 66.0;
        self.paragraph(sheet.state.in_lang(self.lang), Face::Semibold, 9.5, QUIET, MARGIN, TEXT_WIDTH);
        self.paragraph(sheet.issuer.in_lang(self.lang), Face::Regular, 9.5, QUIET, MARGIN, TEXT_WIDTH);
        self.y += 12.0;
        self.paragraph(sheet.title.in_lang(self.lang), Face::Semibold, 21.0, INK, MARGIN, TEXT_WIDTH);
        let other = others(self.lang).map(|lang| sheet.title.in_lang(lang)).join(" · ");
        self.paragraph(&other, Face::Italic, 10.5, QUIET, MARGIN, TEXT_WIDTH);
        self.y += 8.0;
        self.paragraph(sheet.lead.in_lang(self.lang), Face::Regular, 11.5, INK, MARGIN, TEXT_WIDTH);
        let other = others(self.lang).map(|lang| sheet.lead.in_lang(lang)).join(" ");
        self.paragraph(&other, Face::Italic, 9.0, QUIET, MARGIN, TEXT_WIDTH);
        self.y += 10.0;
        let lines: Vec<_> = sheet.marks.iter().map(|(label, value)| (label.clone(), value.clone())).collect();
        self.hairline();
        for (label, value) in lines {
            self.line(label.in_lang(self.lang), &value, Face::Semibold);
        }
    }

    fn block(&mut self, block: &Block) {
        self.need(46.0);
        self.y += 8.5;
        let title = in_all(&block.title, self.lang);
        let title = if block.title.az == block.title.en { block.title.az.clone() } else { title };
        self.paragraph(&title, Face::Semibold, 8.5, DEEP, MARGIN, TEXT_WIDTH);
        self.y += 2.0;
        match &block.body {
            Body::Text(text) => self.paragraph(text.in_lang(self.lang), Face::Regular, 10.5, INK, MARGIN, TEXT_WIDTH),
            Body::Lines(lines) => {
                self.hairline();
                for line in lines {
                    self.line(line.label.in_lang(self.lang), line.value.in_lang(self.lang), Face::Regular);
                }
            }
            Body::Sum(lines) => self.sum(lines),
            Body::Table { columns, rows } => self.table(columns, rows),
        }
    }

    /// Label in a narrow column, value in a wide one, a hairline under both.
    fn line(&mut self, label: &str, value: &str, face: Face) {
        const LABEL_WIDTH: f32 = 150.0;
        let faces = self.faces;
        let labels = faces.lines(label, Face::Regular, 9.0, LABEL_WIDTH - 12.0);
        let values = faces.lines(value, face, 10.5, TEXT_WIDTH - LABEL_WIDTH);
        let height = (labels.len() as f32 * 12.0).max(values.len() as f32 * 14.0) + 4.5;
        self.need(height);
        for (place, text) in labels.iter().enumerate() {
            self.text(MARGIN, self.y + 12.8 + place as f32 * 12.0, Face::Regular, 9.0, QUIET, text);
        }
        for (place, text) in values.iter().enumerate() {
            self.text(MARGIN + LABEL_WIDTH, self.y + 12.8 + place as f32 * 14.0, face, 10.5, INK, text);
        }
        self.y += height;
        self.hairline();
    }

    fn sum(&mut self, lines: &[Line]) {
        self.hairline();
        let faces = self.faces;
        for (place, line) in lines.iter().enumerate() {
            let last = place + 1 == lines.len();
            let (face, size) = if last { (Face::Semibold, 12.0_f32) } else { (Face::Regular, 10.5_f32) };
            self.need(19.5);
            self.text(MARGIN, self.y + 13.8, face, size.min(11.0), INK, line.label.in_lang(self.lang));
            let value = line.value.in_lang(self.lang);
            let x = WIDTH - MARGIN - faces.width(value, face, size);
            self.text(x, self.y + 13.8, face, size, INK, value);
            self.y += 19.5;
            self.hairline();
        }
    }

    fn table(&mut self, columns: &[Localized], rows: &[Vec<String>]) {
        let width = TEXT_WIDTH / columns.len().max(1) as f32;
        for (place, column) in columns.iter().enumerate() {
            let x = MARGIN + place as f32 * width;
            self.text(x, self.y + 12.0, Face::Regular, 8.5, QUIET, column.in_lang(self.lang));
        }
        self.y += 17.0;
        self.hairline();
        for row in rows {
            let cells: Vec<_> =
                row.iter().map(|cell| self.faces.lines(cell, Face::Regular, 9.5, width - 8.0)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(1) as f32 * 12.5 + 4.0;
            self.need(height);
            for (place, cell) in cells.iter().enumerate() {
                for (line, text) in cell.iter().enumerate() {
                    let (x, y) = (MARGIN + place as f32 * width, self.y + 12.0 + line as f32 * 12.5);
                    self.text(x, y, Face::Regular, 9.5, INK, text);
                }
            }
            self.y += height;
            self.hairline();
        }
    }

    /// Signature left, code right, at the foot of the last page.
    fn foot(&mut self, sheet: &Sheet) {
        if sheet.signer.is_none() && sheet.check.is_none() {
            return;
        }
        self.need(FOOT_HEIGHT);
        let top = if sheet.ceremonial { BOTTOM - FOOT_HEIGHT + 8.0 } else { self.y + 22.0 };
        if let Some(signer) = &sheet.signer {
            self.signer(signer, top);
        }
        if let Some(check) = &sheet.check {
            self.check(check, top, sheet.signer.is_some());
        }
    }

    fn signer(&mut self, signer: &Signer, top: f32) {
        self.mark(Mark::Bar { x: MARGIN, y: top, width: 190.0, height: 0.8, colour: DEEP });
        let label = in_all(&signer.label, self.lang);
        let mut y = top + 14.0;
        for line in self.faces.lines(&label, Face::Regular, 7.5, 240.0) {
            self.text(MARGIN, y, Face::Regular, 7.5, QUIET, &line);
            y += 10.0;
        }
        self.text(MARGIN, y + 10.0, Face::Semibold, 15.0, INK, &signer.name);
        y += 26.0;
        for line in signer.position.iter().flat_map(|text| self.faces.lines(text, Face::Regular, 9.5, 215.0)) {
            self.text(MARGIN, y, Face::Regular, 9.5, QUIET, &line);
            y += 12.5;
        }
        self.text(MARGIN, y, Face::Regular, 9.5, INK, &signer.on);
    }

    fn check(&mut self, check: &Check, top: f32, right: bool) {
        let x = if right { WIDTH - MARGIN - CODE_SIDE } else { MARGIN };
        self.mark(Mark::Code { x, y: top, side: CODE_SIDE, text: check.address.clone() });
        let (text_x, width) = if right { (x - 172.0, 160.0) } else { (x + CODE_SIDE + 16.0, 250.0) };
        let mut y = top + 8.0;
        let [second, third] = others(self.lang);
        let captions = [(self.lang, Face::Semibold, 9.0), (second, Face::Italic, 8.0), (third, Face::Italic, 8.0)];
        let captions = captions.map(|(lang, face, size)| (check.caption.in_lang(lang), face, size));
        for (text, face, size) in captions {
            for line in self.faces.lines(text, face, size, width) {
                let at = if right { text_x + width - self.faces.width(&line, face, size) } else { text_x };
                self.text(at, y, face, size, if face == Face::Semibold { INK } else { QUIET }, &line);
                y += size * 1.3;
            }
        }
        y += 4.0;
        for line in self.faces.lines(&check.address, Face::Regular, 7.5, width) {
            let at = if right { text_x + width - self.faces.width(&line, Face::Regular, 7.5) } else { text_x };
            self.text(at, y, Face::Regular, 7.5, DEEP, &line);
            y += 9.5;
        }
    }
}
