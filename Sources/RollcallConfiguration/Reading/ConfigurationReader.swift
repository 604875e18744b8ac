internal import YAML

/// The state of reading a file, shared by its sections: the inputs, and the problems found.
final class ConfigurationReader {
  typealias Mark = Configuration.Mark

  let file: String
  /// Whether to read what only a connection to the directory needs: its password, certificates and key.
  let needsDirectory: Bool
  private let environment: EnvironmentSubstitution
  private let readFile: (String) throws(UnreadableFile) -> [UInt8]
  private(set) var problems: [Configuration.Problem] = []
  private(set) var warnings: [Configuration.Problem] = []
  private(set) var positions: [String: Mark] = [:]
  /// Checks who may read and write a file.
  let exposure: FileExposure.Look
  /// Values that contain a password and are literally in the file.
  var literalSecrets: [ConfiguredText] = []
  private(set) var keyPositions: [String: Mark] = [:]

  init(
    file: String, environment: [String: String], needsDirectory: Bool = true,
    readFile: @escaping (String) throws(UnreadableFile) -> [UInt8], exposure: @escaping FileExposure.Look
  ) {
    self.file = file
    self.needsDirectory = needsDirectory
    self.exposure = exposure
    self.environment = EnvironmentSubstitution(environment: environment)
    self.readFile = readFile
  }

  func problem(_ mark: Mark, _ message: String) {
    problems.append(.init(file: file, mark: mark, message: message))
  }

  func warning(_ mark: Mark, _ message: String) {
    warnings.append(.init(file: file, mark: mark, message: message))
  }

  /// Records the positions of a key and its value. The value's position counts, but for a list, a mapping or an empty
  /// value it is that of its key.
  func note(_ path: String, key: Mark, value: YAMLNode) {
    keyPositions[path] = key
    if case .text = value.content { positions[path] = value.mark } else { positions[path] = key }
  }

  /// The text of a scalar with environment values inserted; nil, with the problem recorded, if it is no text.
  func text(_ node: YAMLNode, path: String) -> ConfiguredText? {
    guard case .text(let raw) = node.content else {
      problem(node.mark, "\(path): expected text, found \(node.kind)")
      return nil
    }
    do throws(EnvironmentSubstitution.Flaw) {
      let (value, substituted) = try environment.apply(to: raw)
      // libpq and libldap take C strings, which would end at a NUL.
      guard !value.utf8.contains(0) else {
        problem(node.mark, "\(path): contains a NUL character")
        return nil
      }
      return ConfiguredText(
        value: value, shown: substituted ? raw : value, isSubstituted: substituted, mark: node.mark,
        path: path)
    } catch {
      problem(node.mark, "\(path): \(error.message)")
      return nil
    }
  }

  /// The contents of a file that the configuration names; nil, with the problem recorded, if it cannot be read.
  func contents(of name: ConfiguredText) -> [UInt8]? {
    do throws(UnreadableFile) {
      return try readFile(resolved(name.value))
    } catch {
      problem(name.mark, "\(name.path): cannot read \"\(name.shown)\": \(error.reason)")
      return nil
    }
  }

  /// A relative name is resolved against the folder of the configuration, not the working directory.
  func resolved(_ name: String) -> String {
    guard !name.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return name }
    return file[...slash] + name
  }
}

/// A text from the file, and the form in which messages may show it.
struct ConfiguredText {
  var value: String
  /// The text in the file if it names the environment: a value from there is never shown.
  var shown: String
  var isSubstituted: Bool
  var mark: Configuration.Mark
  var path: String
}

extension YAMLNode {
  var isNull: Bool {
    if case .null = content { true } else { false }
  }

  /// For messages: "expected text, found a list".
  var kind: String {
    switch content {
    case .null: "nothing"
    case .text: "text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
