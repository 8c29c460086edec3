//! From placed marks to a PDF/A-2b file (ISO 19005-2, level B).

use super::face::{Face, Faces};
use base::{Fault, Lang, Timestamp};
use krilla::{
    Document, SerializeSettings,
    color::rgb,
    configure::{Archival, ConfigurationBuilder},
    geom::{Path, PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, FillRule, Stroke},
    surface::Surface,
    text::TextDirection,
};

/// A4 in points.
pub const WIDTH: f32 = 595.28;
pub const HEIGHT: f32 = 841.89;

/// Red, green, blue.
pub type Colour = (u8, u8, u8);

/// Something on a page; y grows downwards, a text's y is its baseline.
#[derive(Debug, Clone)]
pub enum Mark {
    Text {
        x: f32,
        y: f32,
        face: Face,
        size: f32,
        colour: Colour,
        text: String,
    },
    Bar {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        colour: Colour,
    },
    Frame {
        inset: f32,
        line: f32,
        colour: Colour,
    },
    /// Two squares turned against each other: eight points.
    Star {
        x: f32,
        y: f32,
        radius: f32,
        colour: Colour,
    },
    /// Dark squares of a QR code in a square of `side`, quiet zone not included.
    Code {
        x: f32,
        y: f32,
        side: f32,
        text: String,
    },
}

/// What the file says of itself.
pub struct About<'a> {
    pub lang: Lang,
    pub title: &'a str,
    pub author: &'a str,
    pub at: Timestamp,
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("make a document", cause)
}

pub fn pdf(pages: &[Vec<Mark>], faces: &Faces, about: &About<'_>) -> Result<Vec<u8>, Fault> {
    let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
    let settings = SerializeSettings {
        configuration: configuration.map_err(|error| failed(format!("{error:?}")))?,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    document.set_metadata(metadata(about));
    for marks in pages {
        let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| failed("A4 is no size"))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, faces)?;
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| failed(format!("{error:?}")))
}

fn metadata(about: &About<'_>) -> Metadata {
    let at = about.at.to_zoned(jiff::tz::TimeZone::UTC);
    // A date outside of these types' range is no date of ours.
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    let made = DateTime::new(u16::try_from(at.year()).unwrap_or(1970))
        .month(part(at.month()))
        .day(part(at.day()))
        .hour(part(at.hour()))
        .minute(part(at.minute()))
        .second(part(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(about.title.to_owned())
        .authors(vec![about.author.to_owned()])
        .creator("pencere".to_owned())
        .language(about.lang.tag().to_owned())
        .creation_date(made)
}

fn fill(colour: Colour) -> Fill {
    Fill {
        paint: rgb::Color::new(colour.0, colour.1, colour.2).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, faces: &Faces) -> Result<(), Fault> {
    match mark {
        Mark::Text { x, y, face, size, colour, text } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            let direction = TextDirection::LeftToRight;
            surface.draw_text(Point::from_xy(*x, *y), faces.font(*face), *size, text, false, direction);
        }
        Mark::Bar { x, y, width, height, colour } => {
            fill_path(surface, rectangles(std::iter::once((*x, *y, *width, *height))), *colour);
        }
        Mark::Frame { inset, line, colour } => {
            let path = rectangles(std::iter::once((*inset, *inset, WIDTH - 2.0 * inset, HEIGHT - 2.0 * inset)));
            stroke_path(surface, path, *line, *colour);
        }
        Mark::Star { x, y, radius, colour } => stroke_path(surface, star(*x, *y, *radius), 0.9, *colour),
        Mark::Code { x, y, side, text } => fill_path(surface, code(*x, *y, *side, text)?, (0x11, 0x18, 0x27)),
    }
    Ok(())
}

fn fill_path(surface: &mut Surface<'_>, path: Option<Path>, colour: Colour) {
    if let Some(path) = path {
        surface.set_stroke(None);
        surface.set_fill(Some(fill(colour)));
        surface.draw_path(&path);
    }
}

fn stroke_path(surface: &mut Surface<'_>, path: Option<Path>, line: f32, colour: Colour) {
    if let Some(path) = path {
        surface.set_fill(None);
        let paint = rgb::Color::new(colour.0, colour.1, colour.2).into();
        surface.set_stroke(Some(Stroke { paint, width: line, ..Stroke::default() }));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}

fn rectangles(all: impl Iterator<Item = (f32, f32, f32, f32)>) -> Option<Path> {
    let mut builder = PathBuilder::new();
    all.filter_map(|(x, y, width, height)| Rect::from_xywh(x, y, width, height))
        .for_each(|rect| builder.push_rect(rect));
    builder.finish()
}

fn star(x: f32, y: f32, radius: f32) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for turn in [0.0_f32, std::f32::consts::FRAC_PI_4] {
        for corner in 0..4_u8 {
            let angle = turn + f32::from(corner) * std::f32::consts::FRAC_PI_2;
            let (at_x, at_y) = (x + radius * angle.cos(), y + radius * angle.sin());
            if corner == 0 { builder.move_to(at_x, at_y) } else { builder.line_to(at_x, at_y) }
        }
        builder.close();
    }
    builder.finish()
}

/// Every run of dark modules of a line is one rectangle.
fn code(x: f32, y: f32, side: f32, text: &str) -> Result<Option<Path>, Fault> {
    let code =
        fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::M).build().map_err(|error| failed(format!("{error:?}")))?;
    let module = side / code.size as f32;
    let mut runs = Vec::new();
    for row in 0..code.size {
        let mut column = 0;
        while column < code.size {
            let dark = (column..code.size).take_while(|at| code[row][*at].value()).count();
            if dark > 0 {
                let (left, top) = (x + column as f32 * module, y + row as f32 * module);
                runs.push((left, top, dark as f32 * module, module));
            }
            column += dark.max(1);
        }
    }
    Ok(rectangles(runs.into_iter()))
}
