//! The two shapes of an ECDSA signature value: r‖s of fixed length (XML-DSig, JWS, PKCS#11, our `Signer`) and the DER
//! sequence of two integers (X.509, CMS, OCSP; RFC 3279 §2.2.3).

use super::{Cursor, Malformed, write};

/// r‖s to DER. The two halves have the same length; anything of odd length or empty is malformed.
pub fn to_der(fixed: &[u8]) -> Result<Vec<u8>, Malformed> {
    if fixed.is_empty() || !fixed.len().is_multiple_of(2) {
        return Err(Malformed("ECDSA signature value"));
    }
    let (r, s) = fixed.split_at(fixed.len() / 2);
    Ok(write::sequence(&[&write::unsigned(r), &write::unsigned(s)]))
}

/// DER to r‖s, each half `half` bytes (32 for P-256).
pub fn to_fixed(der: &[u8], half: usize) -> Result<Vec<u8>, Malformed> {
    let mut inside = Cursor::sequence_of(der, "ECDSA signature value")?;
    let mut fixed = vec![0; 2 * half];
    for at in [half, 2 * half] {
        let integer = inside.integer()?;
        if integer[0] & 0x80 != 0 {
            return Err(inside.malformed());
        }
        let digits = integer.strip_prefix(&[0]).unwrap_or(integer);
        if digits.len() > half {
            return Err(inside.malformed());
        }
        fixed[at - digits.len()..at].copy_from_slice(digits);
    }
    inside.end()?;
    Ok(fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_round_trip() {
        let mut fixed = [0u8; 64];
        (fixed[0], fixed[31], fixed[63]) = (0x80, 1, 7);
        let der = to_der(&fixed).expect("DER");
        assert_eq!(der.len(), 2 + 2 + 33 + 3);
        assert_eq!(to_fixed(&der, 32).expect("r and s"), fixed);
    }

    #[test]
    fn what_is_no_signature_value_is_malformed() {
        assert!(to_der(&[]).is_err());
        assert!(to_der(&[1, 2, 3]).is_err());
        for der in [
            &[0x30, 0x00][..],
            &[0x30, 0x03, 0x02, 0x01, 0x05],
            &[0x30, 0x06, 2, 1, 0xff, 2, 1, 5],
            &[0x30, 0x09, 2, 1, 5, 2, 1, 5, 2, 1, 5],
        ] {
            assert!(to_fixed(der, 32).is_err(), "{der:02x?}");
        }
        assert!(to_fixed(&to_der(&[0xff; 96]).expect("DER"), 32).is_err(), "P-384 is too long for P-256");
    }
}
