internal import Glibc
internal import Reactor

/// SIGTERM and SIGINT, and SIGHUP where somebody wants to hear it, on the reactor.
///
/// The handler writes the signal's number into a pipe that the reactor watches: that is all a handler may do
/// (signal-safety(7)). The first signal that asks for an end is handed over; after it those have their usual effect
/// again, so that a second one ends the process at once.
@Reactor
final class Signals {
  private static let ending = [SIGTERM, SIGINT]
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
  private var hangUp: (@Reactor () -> Void)?

  /// Calls `end` once, at the first signal that asks for an end.
  ///
  /// - Parameter hangUp: called at each SIGHUP, until `end` has been called; nil leaves that signal its usual effect.
  init(hangUp: (@Reactor () -> Void)? = nil, end: @escaping @Reactor () -> Void) {
    self.hangUp = hangUp
    watch = Reactor.loop.watch(Self.pipe.reader, for: .readable) { [weak self] _ in
      guard let self, watch != nil else { return }
      for signal in Self.heard() {
        if signal == SIGHUP {
          self.hangUp?()
        } else if watch != nil {
          cancel()
          end()
        }
      }
    }
    for signal in Self.ending + (hangUp == nil ? [] : [SIGHUP]) {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { signal in
        let before = errno
        var octet = UInt8(truncatingIfNeeded: signal)
        _ = unsafe write(Signals.pipe.writer, &octet, 1)
        errno = before
      }
      action.sa_flags = SA_RESTART
      _ = unsafe sigaction(signal, &action, nil)
    }
  }

  /// The signals that have come, each once however often it came.
  private static func heard() -> [Int32] {
    var octets = [UInt8](repeating: 0, count: 64)
    let count = unsafe read(pipe.reader, &octets, octets.count)
    var signals: [Int32] = []
    for octet in octets.prefix(max(0, count)) where !signals.contains(Int32(octet)) { signals.append(Int32(octet)) }
    return signals
  }

  /// Gives the signals their usual effect; SIGHUP is ignored from now on, since an end is under way.
  func cancel() {
    watch?.cancel()
    watch = nil
    for signal in Self.ending { _ = Glibc.signal(signal, SIG_DFL) }
    if hangUp != nil { _ = Glibc.signal(SIGHUP, SIG_IGN) }
    hangUp = nil
  }
}
