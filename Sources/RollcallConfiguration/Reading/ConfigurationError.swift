package import YAML

extension Configuration {
  /// A position in the file: line and column count from 1, the column in Unicode scalars (as libyaml counts it).
  package typealias Mark = YAMLMark

  /// An error or a warning about a file; prints as `rollcall.yaml:12:5: message`.
  ///
  /// A message never contains a value from the environment or a secret: it names the `${VARIABLE}` instead.
  package struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The file name as the caller specified it.
    package var file: String
    /// The position in the file; nil if the file could not be read at all.
    package var mark: Mark?
    package var message: String

    package init(file: String, mark: Mark?, message: String) {
      self.file = file
      self.mark = mark
      self.message = message
    }

    package var description: String {
      if let mark { "\(file):\(mark): \(message)" } else { "\(file): \(message)" }
    }
  }
}

/// Why a configuration was refused, with all problems that were found.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// At least one, in the order of the file.
  package let problems: [Configuration.Problem]

  init(_ problems: [Configuration.Problem]) {
    self.problems = problems
  }

  /// One line per problem.
  package var description: String { problems.map(\.description).joined(separator: "\n") }
}
