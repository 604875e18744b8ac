/// Suggests the name that is probably meant by an unknown one.
enum NearestName {
  /// The candidate with the fewest typing errors, if these are few enough to be typing errors at all.
  static func of(_ name: String, among candidates: [String]) -> String? {
    let limit = max(1, min(3, name.count / 3))
    let distances = candidates.map { ($0, distance(name.lowercased(), $0.lowercased(), atMost: limit)) }
    return distances.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other ("optimal string
  /// alignment"); names whose lengths differ by more than the limit are not compared.
  static func distance(_ one: String, _ other: String, atMost limit: Int) -> Int {
    let one = Array(one.unicodeScalars)
    let other = Array(other.unicodeScalars)
    guard abs(one.count - other.count) <= limit else { return limit + 1 }
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for i in one.indices {
      var row = [i + 1]
      for j in other.indices {
        let replaced = last[j] + (one[i] == other[j] ? 0 : 1)
        var best = min(replaced, last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[other.count]
  }
}
