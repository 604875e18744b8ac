package import YAML

extension Configuration {
  /// A place in the file: line and column count from 1, the column in Unicode scalars (as libyaml counts it).
  package typealias Mark = YAMLMark

  /// One thing that is wrong with a file, or worth a warning; prints as `rollcall.yaml:12:5: message`.
  ///
  /// A message never holds a value that came from the environment or a secret: it names the `${VARIABLE}`
  /// instead.
  package struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The file as the caller named it.
    package var file: String
    /// Where in the file; nil when the file could not be read at all.
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

/// Why a configuration was refused: everything that could be found in one go.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// At least one, in the order of the file.
  package let problems: [Configuration.Problem]

  init(_ problems: [Configuration.Problem]) {
    self.problems = problems
  }

  /// One line a problem.
  package var description: String { problems.map(\.description).joined(separator: "\n") }
}
