//! A secret as a host hands it in.

use zeroize::Zeroizing;

use super::super::sentences;
use crate::error::Error;

/// A secret as text: not empty, no line break, nothing that is no header value. `what` it is, is said in
/// the error.
pub(super) fn secret_text(what: &str, secret: &[u8]) -> Result<Zeroizing<String>, Error> {
    let text = std::str::from_utf8(secret).map_err(|_| sentences::secret_not_utf8(what))?;
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if text.is_empty() || !printable || text.trim() != text {
        return Err(sentences::not_a_secret(what));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
