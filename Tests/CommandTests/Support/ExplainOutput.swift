import Foundation

/// What `rollcall explain --json` prints.
struct ExplainOutput: Decodable {
  struct Step: Decodable {
    var name: String
    var outcome: String
    var text: String
  }

  var key: String?
  var directory: String
  var verdict: String
  var steps: [Step]
  var next: String

  init(parsing text: String) throws {
    self = try JSONDecoder().decode(ExplainOutput.self, from: Data(text.utf8))
  }

  subscript(name: String) -> Step? { steps.first { $0.name == name } }
  /// `row=ok scope=ok …`
  var outcomes: String { steps.map { "\($0.name)=\($0.outcome)" }.joined(separator: " ") }
}

extension Site {
  func explain(_ arguments: String...) async throws -> ExplainOutput {
    let ran = try await Rollcall.run(
      ["explain", "--json", "--config", file] + arguments, environment: environment)
    return try ExplainOutput(parsing: ran.output)
  }
}
