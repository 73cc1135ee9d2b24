//! The tenant on a loopback socket.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};

use super::faults::Damage;
use super::reply::{empty_response, set};
use super::service::Delivery;
use super::tenant::Tenant;
use crate::error::{Error, ErrorKind};

/// How much of an answer leaves before the connection is closed in the middle of its head, …
const CUT_IN_HEAD: usize = 30;
/// … and in the middle of its body, which is made this long so that no head reaches the cut.
const CUT_IN_BODY: usize = 4 << 10;
const LONG_BODY: usize = 64 << 10;

/// Begins to listen and to answer. Must be called inside a Tokio runtime.
pub(super) fn serve(tenant: Arc<Tenant>) -> Result<(SocketAddr, AbortHandle), Error> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
        let message = "The simulator was started outside a Tokio runtime.";
        Error::new(ErrorKind::InvalidState, message, "Start it inside one.")
    })?;
    let wanted = tenant.settings().listen;
    let listener = TcpListener::bind(wanted).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let _context = runtime.enter();
        Ok((address, tokio::net::TcpListener::from_std(listener)?))
    });
    let (address, listener) = listener.map_err(|error| {
        let message = format!("The simulator cannot listen on {wanted}: {error}.");
        Error::new(ErrorKind::ConfigInvalid, message, "Choose another port, or 0 for any.")
    })?;
    let accepting = runtime.spawn(async move {
        // Dropped with this task, which ends every connection.
        let mut connections = JoinSet::new();
        loop {
            // An accept that fails concerns one caller only.
            if let Ok((stream, _)) = listener.accept().await {
                connections.spawn(converse(stream, Arc::clone(&tenant)));
            }
            while connections.try_join_next().is_some() {}
        }
    });
    Ok((address, accepting.abort_handle()))
}

async fn converse(stream: TcpStream, tenant: Arc<Tenant>) {
    // An answer goes out whole and at once; waiting for more would only add latency.
    let _ = stream.set_nodelay(true);
    let fuse = Arc::new(Fuse::default());
    let line = Line { stream, fuse: Arc::clone(&fuse) };
    let service = service_fn(|request| answer(Arc::clone(&tenant), Arc::clone(&fuse), request));
    // An error here is the caller's hanging up, or our own doing.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(line), service).await;
}

async fn answer(
    tenant: Arc<Tenant>,
    fuse: Arc<Fuse>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, mut incoming) = request.into_parts();
    let limit = tenant.settings().max_body_bytes;
    let mut body = Vec::new();
    // One byte too many is enough to be refused for.
    while body.len() <= limit {
        match incoming.frame().await {
            Some(Ok(frame)) => body.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Some(Err(_)) => {
                // The caller went away in the middle of the body: the call never arrived.
                fuse.burn(Damage::Reset);
                return Ok(empty_response(400).map(Full::new));
            }
            None => break,
        }
    }
    let too_large = body.len() > limit;
    let delivery = tenant.deliver(Request::from_parts(head, body.into())).await;
    let Some(Delivery { mut response, damage }) = delivery else {
        fuse.burn(Damage::Reset);
        return Ok(empty_response(500).map(Full::new));
    };
    if too_large {
        set(&mut response, "connection", "close");
    }
    if let Some(damage) = damage {
        if damage == Damage::CutBody {
            *response.body_mut() = vec![b' '; LONG_BODY].into();
        }
        fuse.burn(damage);
    }
    Ok(response.map(Full::new))
}

/// Damages a line: how many more bytes leave, and whether it ends with a reset.
#[derive(Debug)]
struct Fuse {
    left: AtomicUsize,
    reset: AtomicBool,
}

impl Default for Fuse {
    fn default() -> Self {
        Fuse { left: AtomicUsize::new(usize::MAX), reset: AtomicBool::new(false) }
    }
}

impl Fuse {
    fn burn(&self, damage: Damage) {
        let left = match damage {
            Damage::Reset => 0,
            Damage::CutHead => CUT_IN_HEAD,
            Damage::CutBody => CUT_IN_BODY,
        };
        self.reset.store(damage == Damage::Reset, Ordering::SeqCst);
        self.left.store(left, Ordering::SeqCst);
    }
}

/// A connection that can be damaged.
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    fuse: Arc<Fuse>,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.fuse.left.load(Ordering::SeqCst);
        if left == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let some = &bytes[..bytes.len().min(left)];
        let written = Pin::new(&mut self.stream).poll_write(context, some);
        if let (Poll::Ready(Ok(count)), true) = (&written, left < usize::MAX) {
            self.fuse.left.store(left - count, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.fuse.reset.load(Ordering::SeqCst) {
            // Closing at once, with nothing lingering, is what makes TCP send a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}
