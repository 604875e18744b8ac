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
    // The gate is handed over, not opened, so nobody can slip in between.
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
