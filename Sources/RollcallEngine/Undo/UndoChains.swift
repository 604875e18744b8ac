internal import LDAPModel
internal import RollcallCore

/// Finds the parts of an undo that must run in order: those of one person, one name or one group.
enum UndoChains {
  /// Indices of parts that have a step, in the parts' order; different chains are independent of each other.
  static func of(_ parts: [UndoPart], _ schema: Schema) -> [[Int]] {
    var chainOf: [String: Int] = [:]
    var parent: [Int] = []
    func root(_ chain: Int) -> Int {
      var chain = chain
      while parent[chain] != chain { chain = parent[chain] }
      return chain
    }
    for (index, part) in parts.enumerated() {
      parent.append(index)
      guard let step = part.step else { continue }
      let names = [step.operation.dn, step.oldDN, step.newDN].compactMap { $0?.normalized(schema) }
      for resource in ["key " + part.key.text] + names.map({ "dn " + $0 }) {
        if let other = chainOf[resource] {
          let (one, two) = (root(other), root(index))
          parent[max(one, two)] = min(one, two)
        } else {
          chainOf[resource] = index
        }
      }
    }
    var chains: [Int: [Int]] = [:]
    for index in parts.indices where parts[index].step != nil { chains[root(index), default: []].append(index) }
    return chains.sorted { $0.key < $1.key }.map(\.value)
  }
}
