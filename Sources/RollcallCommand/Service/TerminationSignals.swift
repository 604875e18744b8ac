internal import Glibc
internal import Reactor

/// SIGTERM and SIGINT, heard on the reactor.
///
/// The handler writes one octet into a pipe that the reactor watches: that is all a handler may do
/// (signal-safety(7)). The first signal is handed over; after it they have their usual effect again, so that a second
/// one ends the process at once.
@Reactor
final class TerminationSignals {
  private static let signals = [SIGTERM, SIGINT]
  /// Both ends; made before the handler is, so that the handler finds it made.
  private nonisolated static let pipe: (reader: Int32, writer: Int32) = {
    var ends: [Int32] = [-1, -1]
    _ = unsafe Glibc.pipe(&ends)
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    return (ends[0], ends[1])
  }()

  private var watch: Watch?

  /// Calls `handler` once, at the first signal.
  init(_ handler: @escaping @Reactor () -> Void) {
    watch = Reactor.loop.watch(Self.pipe.reader, for: .readable) { [weak self] _ in
      guard let self, watch != nil else { return }
      cancel()
      handler()
    }
    for signal in Self.signals {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { _ in
        let before = errno
        var octet: UInt8 = 1
        _ = unsafe write(TerminationSignals.pipe.writer, &octet, 1)
        errno = before
      }
      action.sa_flags = SA_RESTART
      _ = unsafe sigaction(signal, &action, nil)
    }
  }

  /// Gives the signals their usual effect.
  func cancel() {
    watch?.cancel()
    watch = nil
    for signal in Self.signals { _ = Glibc.signal(signal, SIG_DFL) }
  }
}
