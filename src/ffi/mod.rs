//! The C ABI: decode, call, encode.
