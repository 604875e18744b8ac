internal import Glibc
internal import PlainText

/// Questions to a person at a terminal.
struct Prompt: Sendable {
  /// Nil where standard input or standard error is no terminal: then nobody is asked.
  init?() {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
  }

  /// - Returns: the answer, or the suggestion where it is empty; nil where there is neither.
  func ask(_ question: String, _ suggestion: String?, isSecret: Bool) -> String? {
    let shown = suggestion.map { " [\($0.printable)]" } ?? ""
    try? Output.error.put("\(question.printable)\(shown): ")
    var before = termios()
    let isKnown = unsafe tcgetattr(STDIN_FILENO, &before) == 0
    let isHidden = isSecret && isKnown
    if isHidden {
      var silent = before
      silent.c_lflag &= ~tcflag_t(ECHO)
      unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &silent)
    }
    let answer = readLine()
    if isHidden {
      unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &before)
      try? Output.error.put("\n")
    }
    guard let answer, !answer.isEmpty else { return suggestion }
    return answer
  }
}
