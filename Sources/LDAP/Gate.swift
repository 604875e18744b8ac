internal import Reactor

/// Lets one task through at a time, in order of arrival.
@safe @Reactor
final class Gate {
  private var isTaken = false
  private var waiting: [UnsafeContinuation<Void, Never>]

  nonisolated init() {
    unsafe waiting = []
  }

  func enter() async {
    if !isTaken {
      isTaken = true
      return
    }
    // The gate is passed on, not opened, so that no other task can get in between.
    await unsafe withUnsafeContinuation { continuation in
      unsafe waiting.append(continuation)
    }
  }

  func leave() {
    if unsafe waiting.isEmpty {
      isTaken = false
    } else {
      unsafe waiting.removeFirst().resume()
    }
  }
}
