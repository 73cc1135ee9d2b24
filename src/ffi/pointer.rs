//! Pointers from C to references, and objects to pointers for C.
//!
//! An export believes its caller that the pointers it was given are what the header wants. The macros say so,
//! each once for its kind of parameter; they take the parameters of an export and nothing else, and name them
//! to a caller who passed NULL.

/// The object behind the parameter `$handle`; an error for NULL.
macro_rules! object {
    ($handle:ident) => {
        // SAFETY: what is not NULL was given by this library, and is freed when no call uses it any more.
        unsafe { $crate::ffi::pointer::live($handle, stringify!($handle)) }
    };
}

/// What `$get` reads from the object behind the parameter `$handle`, or `$fallback` for NULL.
macro_rules! read {
    ($handle:ident, $fallback:expr, $get:expr) => {
        $crate::ffi::guard::value($fallback, || {
            // SAFETY: what is not NULL was given by this library; its owner frees it after the last look at it.
            unsafe { $handle.as_ref() }.map_or($fallback, $get)
        })
    };
}

/// The text of `$len` bytes at `$data`; an error for what is not UTF-8, and for NULL with bytes.
macro_rules! text {
    ($data:ident, $len:ident) => {
        // SAFETY: so many bytes may be read there, and nobody writes to them before the export returns.
        unsafe { $crate::ffi::pointer::utf8($data, $len, stringify!($data)) }
    };
}

/// Where an object for the caller goes: NULL from here on, until it is given. An error for NULL.
macro_rules! output {
    ($place:ident) => {
        // SAFETY: a variable of the caller's, lent to this call alone.
        unsafe { $crate::ffi::pointer::Output::pointer($place, stringify!($place)) }
    };
}

/// Frees the object behind the parameter `$handle`; NULL is nothing to free.
macro_rules! free {
    ($handle:ident) => {
        // SAFETY: its owner gives it back, once, and no other call on it is under way.
        $crate::ffi::guard::value((), || unsafe { $crate::ffi::pointer::release($handle) })
    };
}

pub(super) use {free, object, output, read, text};

use std::ptr::NonNull;

use crate::error::{Error, ErrorKind};

fn is_null(name: &str) -> Error {
    Error::new(
        ErrorKind::NullPointer,
        format!("The argument `{name}` is NULL."),
        "Pass a pointer that is not NULL.",
    )
}

/// The UTF-8 text of `len` bytes at `data`; `data` may be NULL where `len` is 0.
///
/// # Safety
/// Where `data` is not NULL it points at `len` bytes that stay unchanged for `'a`.
pub(super) unsafe fn utf8<'a>(data: *const u8, len: usize, name: &str) -> Result<&'a str, Error> {
    if len == 0 {
        return Ok("");
    }
    if data.is_null() {
        return Err(is_null(name));
    }
    if isize::try_from(len).is_err() {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("The length of `{name}`, {len}, is larger than memory can hold."),
            "Pass the number of bytes; a negative number became a very large one.",
        ));
    }
    // SAFETY: not NULL, within isize, and readable for `len` bytes by this function's contract.
    let bytes = unsafe { std::slice::from_raw_parts(data, len) };
    std::str::from_utf8(bytes).map_err(|error| {
        Error::new(
            ErrorKind::InvalidUtf8,
            format!("The argument `{name}` is not UTF-8 at byte {}.", error.valid_up_to()),
            "Convert it to UTF-8 first.",
        )
    })
}

/// The object behind a handle.
///
/// # Safety
/// `handle` is NULL or came from this library's `_new` or `_start` and was not freed during `'a`.
pub(super) unsafe fn live<'a, T>(handle: *const T, name: &str) -> Result<&'a T, Error> {
    // SAFETY: by this function's contract.
    unsafe { handle.as_ref() }.ok_or_else(|| is_null(name))
}

/// Frees what [`Output::give`] gave; NULL is nothing to free.
///
/// # Safety
/// `handle` is NULL or came from [`Output::give`], is not in use and is not freed again.
pub(super) unsafe fn release<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: it came out of Box::into_raw and is given back once, by this function's contract.
        drop(unsafe { Box::from_raw(handle) });
    }
}

/// Where a new object's pointer, or a number, goes: written only on success.
pub(super) struct Output<T>(NonNull<T>);

impl<T> Output<T> {
    /// The place of a number.
    ///
    /// # Safety
    /// `place` is NULL or may be written until the export returns.
    pub(super) unsafe fn number(place: *mut T, name: &str) -> Result<Self, Error> {
        NonNull::new(place).map(Output).ok_or_else(|| is_null(name))
    }

    /// Writes the number.
    pub(super) fn set(self, value: T) {
        // SAFETY: writable by the contract of the constructor.
        unsafe { self.0.write(value) };
    }
}

impl<T> Output<*mut T> {
    /// The place of a pointer, which is NULL from here on until [`Output::give`].
    ///
    /// # Safety
    /// `place` is NULL or may be written until the export returns.
    pub(super) unsafe fn pointer(place: *mut *mut T, name: &str) -> Result<Self, Error> {
        // SAFETY: the same contract.
        let output = unsafe { Self::number(place, name) }?;
        // SAFETY: not NULL, and writable by this function's contract.
        unsafe { output.0.write(std::ptr::null_mut()) };
        Ok(output)
    }

    /// Gives `object` to the caller, who frees it.
    pub(super) fn give(self, object: T) {
        self.set(Box::into_raw(Box::new(object)));
    }
}
