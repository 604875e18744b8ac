/// Waits until `condition` holds, checking it every `poll`.
///
/// A condition that throws counts as "not yet": servers come and go while a test waits.
/// - Throws: `SandboxError.timedOut`, with the last answer or error; `CancellationError`.
nonisolated(nonsending) public func eventually(
  within limit: Duration = .seconds(60), _ what: String, poll: Duration = .milliseconds(10),
  _ condition: () async throws -> Bool
) async throws {
  try await eventually(within: limit, what, poll: poll, condition, is: { $0 })
}

/// Reads a value every `poll` until it `satisfies`; returns that value.
///
/// A read that throws counts as "not yet".
/// - Throws: `SandboxError.timedOut`, with the last value or error; `CancellationError`.
@discardableResult
nonisolated(nonsending) public func eventually<Value>(
  within limit: Duration = .seconds(60), _ what: String, poll: Duration = .milliseconds(10),
  _ read: () async throws -> Value, is satisfies: (Value) throws -> Bool
) async throws -> Value {
  let end = ContinuousClock.now + limit
  var looks = 0
  while true {
    looks += 1
    var lastSeen: String
    do {
      let value = try await read()
      if try satisfies(value) { return value }
      lastSeen = "\(value)"
    } catch let error as CancellationError {
      throw error
    } catch {
      lastSeen = "\(error)"
    }
    // On an overloaded machine the time may be over before a second read.
    let now = ContinuousClock.now
    if now >= end, looks >= 5 || now >= end + limit * 2 {
      throw SandboxError.timedOut(waitingFor: what, limit: limit, lastSeen: lastSeen)
    }
    try await Task.sleep(for: poll)
  }
}
