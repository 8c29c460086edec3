//! UTCTime and GeneralizedTime (RFC 5280 §4.1.2.5, RFC 3161 §2.4.2), to and from instants.

use super::{Cursor, Element, Malformed, tag, write};
use base::Timestamp;
use jiff::{civil::DateTime, tz::TimeZone};

/// Reads either kind of time. Only UTC ("Z") is distinguished; fractions are allowed in GeneralizedTime.
pub fn read_time(cursor: &mut Cursor<'_>) -> Result<Timestamp, Malformed> {
    let malformed = cursor.malformed();
    instant(cursor.any()?).ok_or(malformed)
}

fn instant(element: Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let (digits, nanosecond) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, nanoseconds(fraction)?),
        None => (text, 0),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (element.tag, digits.len()) {
        (tag::GENERALIZED_TIME, 14) => (digits[..4].parse().ok()?, &digits[4..]),
        // RFC 5280 §4.1.2.5.1: 50..99 are of the last century.
        (tag::UTC_TIME, 12) if nanosecond == 0 => {
            let short: i16 = digits[..2].parse().ok()?;
            (if short >= 50 { 1900 + short } else { 2000 + short }, &digits[2..])
        }
        _ => return None,
    };
    let pair = |at: usize| rest[at..at + 2].parse::<i8>().ok();
    let civil = DateTime::new(year, pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?, nanosecond).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Up to nine digits without a trailing zero (X.690 §11.7.3).
fn nanoseconds(fraction: &str) -> Option<i32> {
    let right = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !right || fraction.ends_with('0') {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

/// GeneralizedTime in whole seconds, as OCSP and time-stamps want it.
pub fn write_generalized_time(at: Timestamp) -> Vec<u8> {
    write::element(tag::GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5).
pub fn write_validity_time(at: Timestamp) -> Vec<u8> {
    if (1950..2050).contains(&at.to_zoned(TimeZone::UTC).year()) {
        write::element(tag::UTC_TIME, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        write_generalized_time(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<Timestamp> {
        let bytes = write::element(tag, text.as_bytes());
        read_time(&mut Cursor::new(&bytes, "time")).ok()
    }

    #[test]
    fn both_kinds_round_trip() {
        for text in ["2026-11-23T05:40:07Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"] {
            let at: Timestamp = text.parse().expect("an instant");
            for bytes in [write_generalized_time(at), write_validity_time(at)] {
                assert_eq!(read_time(&mut Cursor::new(&bytes, "time")), Ok(at));
            }
        }
        assert_eq!(read(tag::UTC_TIME, "500101000000Z"), "1950-01-01T00:00:00Z".parse().ok());
        assert_eq!(read(tag::GENERALIZED_TIME, "20261123054007.25Z"), "2026-11-23T05:40:07.25Z".parse().ok());
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "20261123054007",
            "20261123054007+0400",
            "202611230540Z",
            "20261323054007Z",
            "20261123054007.50Z",
            "20261123054007.Z",
            "2026112305400aZ",
            "ə0261123054007Z",
        ] {
            assert_eq!(read(tag::GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(read(tag::UTC_TIME, "2611230540Z"), None);
        assert_eq!(read(tag::UTF8_STRING, "20261123054007Z"), None);
    }
}
