//! Log records handed to the host.
