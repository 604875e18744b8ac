internal import Foundation

/// One measured figure, with one value per round.
struct Figure: Sendable {
  var work: String
  var measure: String
  var unit: String
  var rollcall: [Double]
  var floor: [Double]
  /// Compared with the target: Rollcall relative to the floor in each round.
  var ratios: [Double]
  var target: String
  /// How it was measured.
  var method: String
}

/// All figures of a run, in order.
struct Report: Sendable {
  private(set) var figures: [Figure] = []

  /// Adds one round's figure.
  ///
  /// - Parameters:
  ///   - floor: the bare loop's value in the same round; nil if there is none.
  mutating func add(
    _ work: String, _ measure: String, _ value: Double, _ unit: String, floor: Double? = nil,
    target: String = "", method: String
  ) {
    let index =
      figures.firstIndex { $0.work == work && $0.measure == measure }
      ?? {
        figures.append(
          Figure(
            work: work, measure: measure, unit: unit, rollcall: [], floor: [], ratios: [], target: target,
            method: method))
        return figures.count - 1
      }()
    figures[index].rollcall.append(value)
    if let floor {
      figures[index].floor.append(floor)
      figures[index].ratios.append(value / floor)
    }
  }

  // MARK: Printing

  var table: String {
    var rows = [["work", "measure", "Rollcall", "floor", "unit", "ratio", "to reach"]]
    for figure in figures {
      rows.append([
        figure.work, figure.measure, Report.number(figure.rollcall), Report.number(figure.floor), figure.unit,
        figure.ratios.isEmpty ? "" : String(format: "%.2f", Report.median(figure.ratios)), figure.target,
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      "| "
        + zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        .joined(separator: " | ") + " |"
    }
    let rule = "| " + widths.map { String(repeating: "-", count: $0) }.joined(separator: " | ") + " |"
    var methods: [String] = []
    for figure in figures {
      let line = "\(figure.work), \(figure.measure): \(figure.method)"
      if !methods.contains(line) { methods.append(line) }
    }
    return ([lines[0], rule] + lines.dropFirst()).joined(separator: "\n")
      + "\n\nMedians of \(figures.map(\.rollcall.count).max() ?? 0) rounds. How each was taken:\n"
      + methods.map { "- \($0)" }.joined(separator: "\n")
  }

  var json: String {
    let list = figures.map { figure -> [String: Any] in
      var object: [String: Any] = [
        "work": figure.work, "measure": figure.measure, "unit": figure.unit,
        "rollcall": Report.median(figure.rollcall), "rounds": figure.rollcall, "method": figure.method,
        "target": figure.target,
      ]
      if !figure.floor.isEmpty {
        object["floor"] = Report.median(figure.floor)
        object["ratio"] = Report.median(figure.ratios)
      }
      return object
    }
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = (try? JSONSerialization.data(withJSONObject: ["figures": list], options: options)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  private static func number(_ values: [Double]) -> String {
    if values.isEmpty { return "" }
    let value = median(values)
    return String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return .nan }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
