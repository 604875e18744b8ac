/// The single thread on which everything that uses a descriptor runs.
///
/// Connections, the engine and its queue are isolated to this global actor, so that they share state without
/// locks and without hops. The actor's executor is an ``EventLoop``; it is the task executor too, because a
/// resumed continuation otherwise passes through the global pool first (two futex calls and a tail of
/// milliseconds for each operation).
@globalActor
public actor Reactor {
  public static let shared = Reactor()

  /// The loop of the actor; the same for the lifetime of the process.
  public nonisolated static let loop = EventLoop()

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe Reactor.loop.asUnownedSerialExecutor()
  }

  /// Asserts that this is the loop's thread and runs `body` isolated to it, at once.
  ///
  /// The counterpart of `MainActor.assumeIsolated`, for callbacks that arrive on the loop without a task.
  public nonisolated static func assumeIsolated<T>(_ body: @Reactor () throws -> T) rethrows -> T {
    loop.checkIsolated()
    return try withoutActuallyEscaping(body) { body in
      // The isolation is checked above; a function type's isolation is not part of its representation.
      try unsafe unsafeBitCast(body, to: (() throws -> T).self)()
    }
  }

  /// Starts a task that stays on the loop's thread.
  @discardableResult
  public nonisolated static func task(
    _ body: @escaping @Reactor @Sendable () async -> Void
  ) -> Task<Void, Never> {
    Task(executorPreference: loop) { await body() }
  }

  /// Enters the loop from outside and waits for the result.
  public nonisolated static func run<T: Sendable>(
    _ body: @escaping @Reactor @Sendable () async throws -> T
  ) async throws -> T {
    try await Task(executorPreference: loop) { try await body() }.value
  }

  /// Runs a blocking call (name resolution, a handshake) on a thread of its own, so that the loop continues.
  public nonisolated static func blocking<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
      BlockingThread.start { continuation.resume(returning: body()) }
    }
  }

  /// Suspends until `delay` has passed by the loop's timers.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first.
  @Reactor
  public static func sleep(for delay: Duration) async throws {
    let sleeper = Sleeper()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        sleeper.begin(delay, continuation)
      }
    } onCancel: {
      Reactor.task { sleeper.cancel() }
    }
  }
}

/// One pending sleep; its timer or its cancellation ends it, whichever comes first.
@Reactor
private final class Sleeper {
  private var continuation: CheckedContinuation<Void, any Error>?
  private var timer: Timer?
  private var cancelled = false

  nonisolated init() {}

  func begin(_ delay: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
    if cancelled || Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
    self.continuation = continuation
    timer = Reactor.loop.after(delay) { self.end(.success(())) }
  }

  func cancel() {
    cancelled = true
    end(.failure(CancellationError()))
  }

  private func end(_ result: Result<Void, any Error>) {
    timer?.cancel()
    continuation?.resume(with: result)
    continuation = nil
  }
}
