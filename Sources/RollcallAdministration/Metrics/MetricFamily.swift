internal import RollcallCore

/// One metric with its samples.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable {
    case gauge, counter, histogram
  }

  /// A sample: what follows the name (`_bucket` of a histogram), labels besides `directory`, and the value.
  package typealias Sample = (suffix: String, labels: [(name: String, value: String)], value: Double)

  package let name: String
  let kind: Kind
  /// One line.
  let help: String
  let samples: @Sendable (DirectoryMetrics) -> [Sample]

  init(_ name: String, _ kind: Kind, _ help: String, _ samples: @escaping @Sendable (DirectoryMetrics) -> [Sample]) {
    self.name = "rollcall_" + name
    self.kind = kind
    self.help = help
    self.samples = samples
  }

  /// One number for each directory.
  static func one(
    _ name: String, _ kind: Kind, _ help: String, _ value: @escaping @Sendable (DirectoryMetrics) -> Double
  ) -> MetricFamily {
    MetricFamily(name, kind, help) { [("", [], value($0))] }
  }

  /// One number for each label of a known set.
  init<Label: Hashable & Sendable>(
    _ name: String, _ kind: Kind, _ help: String, by label: String, _ labels: [Label],
    text: @escaping @Sendable (Label) -> String, value: @escaping @Sendable (DirectoryMetrics, Label) -> Int?
  ) {
    self.init(name, kind, help) { metrics in
      labels.map { ("", [(label, text($0))], Double(value(metrics, $0) ?? 0)) }
    }
  }

  var head: String { "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" }

  /// With its help and type; nothing where there is no directory.
  func text(of directories: [DirectoryMetrics]) -> String {
    var text = ""
    for metrics in directories {
      for sample in samples(metrics) {
        let labels = ([("directory", metrics.name)] + sample.labels).map { "\($0)=\"\(Self.escaped($1))\"" }
        text += "\(name)\(sample.suffix){\(labels.joined(separator: ","))} \(Self.number(sample.value))\n"
      }
    }
    return text.isEmpty ? "" : head + text
  }

  /// As the format has it: backslash, quotation mark and line feed.
  static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// Whole numbers without a fraction.
  static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
