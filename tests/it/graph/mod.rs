//! How a client signs in, and to whom it speaks.

mod openid;
mod sign_in;
mod tls;
