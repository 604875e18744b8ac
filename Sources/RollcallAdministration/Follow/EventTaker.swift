internal import Reactor

/// What has become of an event that was handed over.
enum HandOver: Sendable, Equatable {
  case taken
  /// The program has refused it, or has not come to an end with it.
  case failed(String)
  /// It has had nothing to do with this event.
  case again(String)
}

/// Takes events, one line of JSON each.
@Reactor
protocol EventTaker: AnyObject, Sendable {
  /// How many at a time.
  var most: Int { get }
  func hand(_ line: String) async -> HandOver
  /// Nothing more will come.
  func end() async
}

/// A program that is started for each event, reads it, and says by its exit code whether it has taken it.
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
    if isLate { return .failed("no end within \(deadline)") }
    return ending == .exited(0) ? .taken : .failed("\(ending)")
  }

  func end() async {}
}

/// A program that stays: it reads an event a line and answers each with a line, in their order: `ok`, or what was wrong.
@Reactor
final class StayingProgram: EventTaker {
  let most = 64
  private let words: [String]
  private let environment: [String: String]
  private let deadline: Duration
  private var program: ChildProgram?
  private var ending: Task<Void, Never>?
  /// Who waits for an answer, the first one first.
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
      // The one before it is not heard any more, but may still be at work.
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

  /// It answers nothing more: the first event that it owes an answer for has failed, the others were not looked at.
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
