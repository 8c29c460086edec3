//! The beginning that every signature document of the profile has, and the canonical form of elements below it: what this
//! product writes is canonical as it stands (C14N 1.0 inclusive), and only the namespaces of the ancestors have to be put
//! into the first tag. Documents that others wrote differently go to the general canonicalizer.

/// The literal beginning, and the namespaces that it declares, in canonical order.
pub const ROOT: &str = "<asic:XAdESSignatures xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">";
const NAMESPACES: &str = " xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Puts the inherited namespaces into the first tag, before its attributes (C14N 1.0 §2.2).
pub fn with_namespaces(text: &str) -> Option<Vec<u8>> {
    let name_end = text.find([' ', '>'])?;
    Some([&text[..name_end], NAMESPACES, &text[name_end..]].concat().into_bytes())
}
