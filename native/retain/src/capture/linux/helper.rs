//! The process that analyses a copy: outside of whoever asks, at a low priority, gone when nobody listens any more.
//!
//! It has one socket as its input. The first byte brings the executable, the second the sealed copy, when that is there. Then come
//! lines: what the copy is, and questions. It writes lines back: each step of the analysis, its end, an answer to each question.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use serde::{Deserialize, Serialize};

use crate::analysis::{Analysis, Counts, Late, Step};
use crate::capture::CaptureError;
use crate::capture::refusal::Refusal;
use crate::image::{Image, Piece, ThreadState};
use crate::runtime::layout::Layout;
use crate::stop::Stop;
use crate::symbols::Symbols;

use super::raw::Sealed;
use super::target::understand;

/// What it is started with.
pub const MODE: &str = "analyse";
/// Beside a busy process it gets a tenth of a processor. With less it would keep its memory for minutes.
pub const NICE: i32 = 10;
/// Descriptions of a heap of 100 GB are smaller, answers are a page.
const MOST_LINE_BYTES: u64 = 256 << 20;
/// Between two looks at whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// Has the C library ask for large pages, where the system has them for those who ask: what was analysed needs a tenth less time.
const LARGE_PAGES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
/// It ends by itself when its input does.
const END: Duration = Duration::from_millis(200);

/// What a copy is.
#[derive(Serialize, Deserialize)]
pub struct Description {
    /// By how much the executable was moved.
    pub bias: u64,
    /// The threads, as they stood still.
    pub threads: Vec<ThreadState>,
    /// Address, length and place in the copy of each piece.
    pub pieces: Vec<(u64, u64, u64)>,
    /// How many threads may work on it.
    pub workers: usize,
}

/// What comes back before the first question.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Step(StepName),
    /// Pieces of memory that turned out to be needed; answered with a line of what is there.
    Needs(Vec<(u64, u64)>),
    Ready(Counts),
    Failed(String),
}

/// [`Step`], to be read back.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(remote = "Step", rename_all = "kebab-case")]
enum StepDef {
    Reading,
    Marking,
    Edges,
    Typing,
    Dominators,
}

#[derive(Serialize, Deserialize)]
struct StepName(#[serde(with = "StepDef")] Step);

/// The side of whoever asks.
pub struct Helper {
    child: Mutex<Child>,
    channel: Mutex<BufReader<UnixStream>>,
}

impl Helper {
    /// Starts it and hands it the executable. What that says of itself it reads while the rest is still being copied.
    pub fn start(helper: &Path, executable: &File) -> Result<Self, CaptureError> {
        let (ours, its) = UnixStream::pair().map_err(failed)?;
        let child = super::command(helper, MODE)
            .env(LARGE_PAGES.0, LARGE_PAGES.1)
            .stdin(Stdio::from(OwnedFd::from(its)))
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| CaptureError::Helper {
                error: format!("{} does not start: {error}", helper.display()),
            })?;
        ours.set_read_timeout(Some(LOOK)).map_err(failed)?;
        let helper = Self {
            child: Mutex::new(child),
            channel: Mutex::new(BufReader::new(ours.try_clone().map_err(failed)?)),
        };
        // From here on it goes with `helper`, also when something fails.
        send_file(&ours, executable.as_fd()).map_err(failed)?;
        Ok(helper)
    }

    /// Hands it the copy, which nobody changes any more, and says what that is. It begins.
    pub fn hand_over(&self, copy: BorrowedFd<'_>, description: &Description) -> Result<(), CaptureError> {
        let mut line = serde_json::to_vec(description).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        send_file(channel.get_ref(), copy).map_err(failed)?;
        channel.get_ref().write_all(&line).map_err(failed)
    }

    /// Waits for the analysis; what it counted.
    pub fn wait(
        &self,
        stop: &Stop,
        tell: &dyn Fn(Step),
        late: &dyn Fn(u64, u64) -> Option<Vec<u8>>,
    ) -> Result<Counts, CaptureError> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            stop.check()?;
            let line = read_line(&mut channel, stop)?;
            match serde_json::from_str(&line) {
                Ok(Reply::Step(StepName(step))) => tell(step),
                Ok(Reply::Needs(pieces)) => {
                    let found: Vec<_> =
                        pieces.into_iter().map(|(address, length)| late(address, length)).collect();
                    let mut line = serde_json::to_vec(&found).map_err(|error| failed(error.into()))?;
                    line.push(b'\n');
                    channel.get_mut().write_all(&line).map_err(failed)?;
                }
                Ok(Reply::Ready(counts)) => return Ok(counts),
                Ok(Reply::Failed(error)) => return Err(CaptureError::Helper { error }),
                Err(error) => return Err(CaptureError::Helper { error: error.to_string() }),
            }
        }
    }

    /// The answer to a question, both on one line.
    pub fn ask(&self, question: &str, stop: &Stop) -> Result<String, CaptureError> {
        let failed = |error: io::Error| CaptureError::Helper { error: error.to_string() };
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = question.replace('\n', " ");
        line.push('\n');
        channel.get_mut().write_all(line.as_bytes()).map_err(failed)?;
        read_line(&mut channel, stop)
    }

    /// Ends it at once, whatever it is doing; who waits for it is told.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let channel = self.channel.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = channel.get_ref().shutdown(std::net::Shutdown::Both);
        super::reap(self.child.get_mut().unwrap_or_else(PoisonError::into_inner), END);
    }
}

/// A line from it, as long as that is wanted.
fn read_line(channel: &mut BufReader<UnixStream>, stop: &Stop) -> Result<String, CaptureError> {
    let mut line = Vec::new();
    loop {
        let most = MOST_LINE_BYTES.saturating_sub(line.len() as u64);
        match channel.by_ref().take(most).read_until(b'\n', &mut line) {
            Ok(_) if line.ends_with(b"\n") => {
                line.pop();
                return String::from_utf8(line)
                    .map_err(|error| CaptureError::Helper { error: error.to_string() });
            }
            Ok(_) => return Err(ended()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(ended()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if stop.is_set() {
                    return Err(CaptureError::Cancelled);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CaptureError::Helper { error: error.to_string() }),
        }
    }
}

fn failed(error: io::Error) -> CaptureError {
    CaptureError::Helper { error: error.to_string() }
}

fn ended() -> CaptureError {
    let error =
        "it has ended: it was killed, or the limits that are set here leave it no threads or no memory";
    CaptureError::Helper { error: error.to_owned() }
}

fn send_file(to: &UnixStream, file: BorrowedFd<'_>) -> io::Result<()> {
    let files = [file];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&files));
    rustix::net::sendmsg(to, &[IoSlice::new(b"f")], &mut message, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn receive_file(from: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    rustix::net::recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut message, RecvFlags::CMSG_CLOEXEC)?;
    let files = message.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    let file = files.flatten().next();
    file.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a file was not handed over"))
}

/// The helper itself. `prepare` makes of the analysis what answers each question, on one line.
pub fn run<Answer: FnMut(&str) -> String>(prepare: impl FnOnce(Analysis) -> Answer) -> ExitCode {
    stay_in_the_background();
    match serve(prepare) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What it does must not be felt, and what it has in memory must not get into a file.
fn stay_in_the_background() {
    // Each is as good as can be had: none is a reason not to work.
    let _ = rustix::process::nice(NICE);
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // A thread that fails, or that cannot be started, leaves others waiting for it for ever: then this ends, and whoever asked is told.
    std::panic::set_hook(Box::new(|_| std::process::exit(101)));
}

fn serve<Answer: FnMut(&str) -> String>(prepare: impl FnOnce(Analysis) -> Answer) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let executable = File::from(receive_file(&socket)?);
    let understood = std::thread::spawn(move || understand(&executable));
    // Until then nobody may wait for lines: the copy would be lost among them.
    let copy = receive_file(&socket)?;
    let mut output = socket.try_clone()?;
    let mut say = |line: &str| output.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes());
    let lines = lines(socket);
    let description = lines.recv().unwrap_or_default();
    let mut reply = |reply: Reply| say(&serde_json::to_string(&reply)?);
    let analysis = {
        let reply = std::cell::RefCell::new(&mut reply);
        let tell = |step| {
            // When nobody listens, this process ends elsewhere.
            let _ = (reply.borrow_mut())(Reply::Step(StepName(step)));
        };
        let late = |pieces: Vec<(u64, u64)>| {
            let count = pieces.len();
            (reply.borrow_mut())(Reply::Needs(pieces)).ok();
            let found = lines.recv().ok().and_then(|line| serde_json::from_str(&line).ok());
            found.unwrap_or_else(|| vec![None; count])
        };
        analyse(copy, understood, description, &tell, &late)
    };
    let mut answer = match analysis {
        Ok(analysis) => {
            let counts = analysis.counts;
            let answer = prepare(analysis);
            reply(Reply::Ready(counts))?;
            answer
        }
        Err(error) => return reply(Reply::Failed(error)),
    };
    while let Ok(question) = lines.recv() {
        say(&answer(&question))?;
    }
    Ok(())
}

/// Lines as they come. When there will be no more, nobody is left who wants an answer: the process ends, whatever it is doing.
fn lines(socket: UnixStream) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut socket = BufReader::new(socket);
        loop {
            let mut line = Vec::new();
            match socket.by_ref().take(MOST_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(_) if line.ends_with(b"\n") => line.pop(),
                _ => std::process::exit(0),
            };
            if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                std::process::exit(0);
            }
        }
    });
    receive
}

type Understood = std::thread::JoinHandle<Result<(Symbols, Layout), Refusal>>;

fn analyse(
    copy: OwnedFd,
    understood: Understood,
    description: String,
    tell: &dyn Fn(Step),
    late: Late<'_>,
) -> Result<Analysis, String> {
    let parsed: Result<Description, _> = serde_json::from_str(&description);
    // As text it is as large as the tables made of it.
    drop(description);
    let description = parsed.map_err(|error| error.to_string())?;
    let bytes = Sealed::open(&copy).map_err(|error| error.to_string())?;
    drop(copy);
    let understood = understood.join().map_err(|_| "the executable was too much for it".to_owned())?;
    let (symbols, layout) = understood.map_err(|error| error.to_string())?;
    let piece = |(address, length, offset)| Piece { address, length, offset };
    let pieces = description.pieces.into_iter().map(piece).collect();
    let image = Image::new(pieces, Box::new(bytes), description.bias, description.threads)
        .map_err(|error| error.to_string())?;
    Analysis::of(image, symbols, &layout, description.workers.clamp(1, 16), &Stop::default(), tell, late)
        .map_err(|error| error.to_string())
}
