/// Lets many in at once, or one alone, in order of arrival.
actor Turnstile {
  private var inside = 0
  private var isAlone = false
  private var waiting: [(alone: Bool, continuation: CheckedContinuation<Void, Never>)] = []

  func pass<Result: Sendable>(
    alone: Bool, _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    await enter(alone: alone)
    defer { leave() }
    return try await body()
  }

  private func enter(alone: Bool) async {
    if waiting.isEmpty, !isAlone, !alone || inside == 0 {
      inside += 1
      isAlone = alone
      return
    }
    await withCheckedContinuation { waiting.append((alone, $0)) }
  }

  private func leave() {
    inside -= 1
    if inside == 0 { isAlone = false }
    while let next = waiting.first, !isAlone, !next.alone || inside == 0 {
      waiting.removeFirst()
      inside += 1
      isAlone = next.alone
      next.continuation.resume()
    }
  }
}
