//! Where the token comes from: the host hands it in, or the Azure Identity library gets it. Each kind of
//! sign-in is a file of its own.

mod client_secret;
pub(super) mod refusal;
mod secret;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::client_secret::ClientSecret;
use self::secret::secret_text;
use self::wire::{Kind, Wire};
use super::answer::Failure;
use super::sentences;
use super::target::Target;
use super::transport::{Token, Transport};
use crate::error::Error;
use crate::time::{Clock, Timestamp};

/// A token is replaced this long before it expires, or a fifth of its life if that is shorter.
const EARLY: Duration = Duration::from_secs(300);

/// The client's token and its way to another one. One request for a token at a time; its answer serves all.
pub(crate) struct SignIn {
    target: Target,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    kept: Mutex<Kept>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    /// How to get a token; `None` where the host hands them in.
    kind: Option<Arc<dyn Kind>>,
    token: Option<KeptToken>,
    /// What the service said of the last token, where it rejected it.
    rejected: Option<Error>,
}

struct KeptToken {
    token: Token,
    /// When it is not used any more; `None`: until the service rejects it.
    until: Option<Timestamp>,
}

impl SignIn {
    pub(super) fn new(
        target: &Target,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        SignIn {
            target: target.clone(),
            clock,
            transport,
            kept: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs in with a client secret from now on.
    pub(crate) fn set_client_secret(&self, secret: &[u8]) -> Result<(), Error> {
        let kind = ClientSecret::new(&self.target, secret)?;
        *self.kept() = Kept { kind: Some(Arc::new(kind)), token: None, rejected: None };
        Ok(())
    }

    /// Takes a token that the host got itself. Without `expires_in` it is used until it is rejected.
    pub(crate) fn set_token(
        &self,
        token: &[u8],
        expires_in: Option<Duration>,
    ) -> Result<(), Error> {
        let mut text = secret_text("access token", token)?;
        let token = Token::new(std::mem::take(&mut *text));
        let until = expires_in.map(|life| self.clock.now().after(life));
        let mut kept = self.kept();
        kept.token = Some(KeptToken { token, until });
        kept.rejected = None;
        Ok(())
    }

    /// The token that the host handed in or that was asked for last, good or not.
    pub(crate) fn handed_in(&self) -> Option<Token> {
        self.kept().token.as_ref().map(|kept| kept.token.clone())
    }

    fn current(&self) -> Option<Token> {
        let now = self.clock.now();
        let kept = self.kept();
        let good = kept.token.as_ref().filter(|kept| kept.until.is_none_or(|until| now < until));
        good.map(|kept| kept.token.clone())
    }

    /// Forgets a token that the service rejected with these words. True if another one can be had.
    pub(super) fn reject(&self, token: &Token, error: &Error) -> bool {
        let mut kept = self.kept();
        if kept.token.as_ref().is_some_and(|kept| kept.token.is(token)) {
            kept.token = None;
            kept.rejected = Some(error.clone());
        }
        kept.token.is_some() || kept.kind.is_some()
    }

    /// A token that should still be good, asked for if there is none.
    pub(super) async fn token(&self) -> Result<Token, Failure> {
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let _turn = self.asking.lock().await;
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let Some(kind) = self.kept().kind.clone() else { return Err(self.no_token().into()) };
        let wire = Wire::new(&self.target, Arc::clone(&self.clock), Arc::clone(&self.transport));
        let (token, life) = wire.token(&*kind).await.map_err(Failure::before_the_call)?;
        let until = Some(self.clock.now().after(life - EARLY.min(life / 5)));
        self.kept().token = Some(KeptToken { token: token.clone(), until });
        Ok(token)
    }

    /// Why there is no token and no way to get one.
    fn no_token(&self) -> Error {
        let kept = self.kept();
        match (&kept.rejected, &kept.token) {
            (Some(error), _) => error.clone(),
            (None, Some(_)) => sentences::handed_in_token_expired(),
            (None, None) => sentences::no_way_to_sign_in(),
        }
    }
}
