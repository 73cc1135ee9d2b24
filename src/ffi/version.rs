//! Which library this is.

use std::ffi::CStr;

use libc::c_char;

use super::guard;

/// Raised when existing programs would break. Must equal the library's.
pub const ENTRABULK_ABI_MAJOR: u32 = 1;

/// Raised when something is added. The library's must be at least the header's.
pub const ENTRABULK_ABI_MINOR: u32 = 1;

/// This header's ABI: to be compared with entrabulk_abi_version().
pub const ENTRABULK_ABI_VERSION: u32 = (ENTRABULK_ABI_MAJOR << 16) | ENTRABULK_ABI_MINOR;

/// The library's version, such as "0.1.0": a static text, NUL-terminated, never freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn entrabulk_version() -> *const c_char {
    const TEXT: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => c"",
        };
    guard::value(c"".as_ptr(), || TEXT.as_ptr())
}

/// The library's ABI, `major << 16 | minor`. Any thread.
///
/// Compare it before anything else: the major half must equal ENTRABULK_ABI_MAJOR, and the minor half must
/// be at least ENTRABULK_ABI_MINOR.
#[unsafe(no_mangle)]
pub extern "C" fn entrabulk_abi_version() -> u32 {
    guard::value(0, || ENTRABULK_ABI_VERSION)
}
