/// What a server's clock says, from a few questions and this side's clock: all times in microseconds.
///
/// The answer was given somewhere between question and answer. So of the last questions the one that was answered fastest
/// tells most, and it is wrong by no more than half of the time that it took.
public struct ServerTime: Sendable {
  private static let kept = 3

  private var questions: [(took: Int, offset: Int)] = []

  public init() {}

  /// Notes an answer.
  ///
  /// - Parameters:
  ///   - asked: this side's clock at the question; the same of `answered`.
  ///   - said: the server's clock.
  public mutating func note(asked: Int, said: Int, answered: Int) {
    if questions.count == ServerTime.kept { questions.removeFirst() }
    questions.append((answered - asked, said - (asked + answered) / 2))
  }

  /// The server's clock at a time of this side's; nil where it was never asked.
  public func at(_ local: Int) -> Int? {
    questions.min { $0.took < $1.took }.map { local + $0.offset }
  }
}
