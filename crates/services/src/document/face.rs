//! The faces of documents, compiled in, and how wide a line set in them is.

use base::Fault;
use krilla::text::Font;
use rustybuzz::{Face as Shaper, UnicodeBuffer};
use std::sync::OnceLock;

/// The weights that documents use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Regular,
    Italic,
    Semibold,
}

/// The faces of one document in the making.
pub struct Faces {
    fonts: [Font; 3],
    shapers: [Shaper<'static>; 3],
}

/// Libertinus Serif by its places in `typst_assets::fonts()`; the test below reads a letter of every alphabet from each.
const PLACES: [usize; 3] = [0, 2, 4];

fn bytes() -> &'static [&'static [u8]; 3] {
    static BYTES: OnceLock<[&'static [u8]; 3]> = OnceLock::new();
    BYTES.get_or_init(|| PLACES.map(|place| typst_assets::fonts().nth(place).expect("the crate has a dozen faces")))
}

impl Faces {
    pub fn new() -> Result<Faces, Fault> {
        let broken = || Fault::new("open a face for documents", "not a font");
        let [regular, italic, semibold] = bytes();
        let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or_else(broken);
        let shaper = |bytes: &'static [u8]| Shaper::from_slice(bytes, 0).ok_or_else(broken);
        Ok(Faces {
            fonts: [font(regular)?, font(italic)?, font(semibold)?],
            shapers: [shaper(regular)?, shaper(italic)?, shaper(semibold)?],
        })
    }

    pub fn font(&self, face: Face) -> Font {
        self.fonts[face as usize].clone()
    }

    /// Width in points of a line, with the kerning that it will have on the page.
    pub fn width(&self, text: &str, face: Face, size: f32) -> f32 {
        let shaper = &self.shapers[face as usize];
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        let shaped = rustybuzz::shape(shaper, &[], buffer);
        let units: i64 = shaped.glyph_positions().iter().map(|glyph| i64::from(glyph.x_advance)).sum();
        units as f32 / shaper.units_per_em() as f32 * size
    }

    /// The text in lines no wider than `width`; words longer than a line are broken anywhere.
    pub fn lines(&self, text: &str, face: Face, size: f32, width: f32) -> Vec<String> {
        text.split('\n').flat_map(|paragraph| self.paragraph(paragraph, face, size, width)).collect()
    }

    fn paragraph(&self, text: &str, face: Face, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        // No-break spaces hold amounts together: only plain spaces part words.
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, face, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = self.broken(word, face, size, width, &mut lines);
        }
        lines.push(line);
        lines
    }

    fn broken(&self, word: &str, face: Face, size: f32, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        for letter in word.chars() {
            line.push(letter);
            if line.chars().count() > 1 && self.width(&line, face, size) > width {
                line.pop();
                lines.push(std::mem::replace(&mut line, letter.to_string()));
            }
        }
        line
    }

    /// The text with a question mark for every letter that the face does not draw: PDF/A forbids a missing glyph
    /// (ISO 19005-2 §6.2.11.8), and what a person typed must not stop the document.
    pub fn drawable(&self, text: &str, face: Face) -> String {
        let shaper = &self.shapers[face as usize];
        text.chars().map(|letter| if shaper.glyph_index(letter).is_some() { letter } else { '?' }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faces_have_the_letters_of_the_country() {
        let faces = Faces::new().expect("the faces open");
        for face in [Face::Regular, Face::Italic, Face::Semibold] {
            for text in [
                "əƏğĞıIiİşŞçÇöÖüÜ",
                "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
                "АБВГДЕЁЖЗ",
                "№ § – — · • „“«» − \u{a0} ² 0123456789",
            ] {
                assert_eq!(faces.drawable(text, face), text, "{face:?}");
            }
        }
    }

    #[test]
    fn lines_keep_to_their_width() {
        let faces = Faces::new().expect("the faces open");
        let text =
            "Dövlət orqanlarında olan məlumatlar Sizdən tələb olunmur. Donaudampfschifffahrtsgesellschaftskapitän";
        for width in [20.0, 60.0, 200.0, 5_000.0] {
            let lines = faces.lines(text, Face::Regular, 10.0, width);
            assert!(lines.iter().all(|line| faces.width(line, Face::Regular, 10.0) <= width), "{width}");
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            assert_eq!(letters(&lines.concat()), letters(text));
        }
    }
}
