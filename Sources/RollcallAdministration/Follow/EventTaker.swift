internal import Reactor

/// The result of handing over an event.
enum HandOver: Sendable, Equatable {
  case taken
  /// The program has refused it, or did not finish it.
  case failed(String)
  /// The program has not processed this event.
  case again(String)
}

/// Receives events, one line of JSON each.
@Reactor
protocol EventTaker: AnyObject, Sendable {
  /// The maximum number of concurrent events.
  var most: Int { get }
  func hand(_ line: String) async -> HandOver
  /// Called when there are no more events.
  func end() async
}

/// A program that is started for each event, reads it, and reports the result by its exit code.
@Reactor
final class ProgramPerEvent: EventTaker {
  let most = 8
  private let words: [String]
  private let environment: [String: String]
  private let deadline: Duration

  init(_ words: [String], environment: [String: String], deadline: Duration) {
    self.words = words
    self.environment = environment
    self.deadline = deadline
  }

  func hand(_ line: String) async -> HandOver {
    let program: ChildProgram
    do throws(ChildProgram.NotStarted) {
      program = try ChildProgram(words, environment: environment)
    } catch {
      return .again(error.description)
    }
    var isLate = false
    let timer = Reactor.loop.after(deadline) {
      isLate = true
      program.kill()
    }
    program.write(line + "\n", thenClose: true)
    let ending = await program.ending()
    timer.cancel()
    if isLate { return .failed("the program did not finish within \(deadline)") }
    return ending == .exited(0) ? .taken : .failed("\(ending)")
  }

  func end() async {}
}

/// A program that stays: it reads one event per line and answers each with a line, in order: `ok`, or an error.
@Reactor
final class StayingProgram: EventTaker {
  let most = 64
  private let words: [String]
  private let environment: [String: String]
  private let deadline: Duration
  private var program: ChildProgram?
  private var ending: Task<Void, Never>?
  /// The callers that wait for an answer, in order.
  private var waiting: [CheckedContinuation<HandOver, Never>] = []
  private var timer: Timer?
  private var isLate = false

  init(_ words: [String], environment: [String: String], deadline: Duration) {
    self.words = words
    self.environment = environment
    self.deadline = deadline
  }

  func hand(_ line: String) async -> HandOver {
    if program == nil {
      // The previous program's answers are ignored, but it may still be running.
      await ending?.value
    }
    do throws(ChildProgram.NotStarted) {
      let program: ChildProgram
      if let running = self.program { program = running } else { program = try start() }
      return await withCheckedContinuation { continuation in
        waiting.append(continuation)
        if waiting.count == 1 { setTimer() }
        program.write(line + "\n")
      }
    } catch {
      return .again(error.description)
    }
  }

  private func start() throws(ChildProgram.NotStarted) -> ChildProgram {
    let program = try ChildProgram(words, environment: environment) { [weak self] line in
      if let line { self?.answer(line) } else { self?.lose() }
    }
    self.program = program
    isLate = false
    return program
  }

  private func answer(_ line: String) {
    if waiting.isEmpty { return }
    let text = line.last == "\r" ? String(line.dropLast()) : line
    waiting.removeFirst().resume(returning: text == "ok" ? .taken : .failed(text))
    setTimer()
  }

  private func setTimer() {
    timer?.cancel()
    timer =
      waiting.isEmpty
      ? nil
      : Reactor.loop.after(deadline) { [weak self] in
        self?.isLate = true
        self?.program?.kill()
      }
  }

  /// The program answers no more: the first unanswered event has failed, the others were not processed.
  private func lose() {
    guard let program else { return }
    self.program = nil
    timer?.cancel()
    program.closeInput()
    program.kill()
    let owed = waiting
    waiting = []
    let isLate = self.isLate
    ending = Reactor.task {
      let ending = await program.ending()
      let reason = isLate ? "no answer within \(self.deadline)" : "the program has ended: \(ending)"
      for (index, continuation) in owed.enumerated() {
        continuation.resume(returning: index == 0 ? .failed(reason) : .again(reason))
      }
    }
  }

  func end() async {
    guard let program else { return await ending?.value ?? () }
    program.closeInput()
    let timer = Reactor.loop.after(.seconds(5)) { program.kill() }
    while self.program != nil { try? await Reactor.sleep(for: .milliseconds(20)) }
    await ending?.value
    timer.cancel()
  }
}
