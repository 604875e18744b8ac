internal import LDAPModel

extension ConfigurationSection {
  /// `leavers: ou=former`, as a whole DN.
  func leavers(below base: DistinguishedName?) -> DistinguishedName? {
    guard let text = text("leavers"), let name = distinguishedName(text), let levels = try? name.relativeNames() else {
      return nil
    }
    guard levels.allSatisfy({ $0.parts.count == 1 }) else {
      reader.problem(text.mark, "\(text.path): each level must have one attribute, as in ou=former")
      return nil
    }
    guard let base else { return nil }
    if name.isEquivalent(to: base, .builtin) || name.isBelow(base, .builtin) {
      reader.problem(
        text.mark,
        name.isEquivalent(to: base, .builtin)
          ? "\(text.path): is the base itself; name a container below it, as in ou=former"
          : "\(text.path): is relative to users.base; leave \"\(base.text)\" out")
      return nil
    }
    if let end = levels.last, let root = (try? base.relativeNames())?.last,
      DistinguishedName([end]).isEquivalent(to: DistinguishedName([root]), .builtin)
    {
      reader.problem(
        text.mark,
        "\(text.path): is relative to users.base, and \"\(text.shown)\" looks like a complete DN outside of it; name a "
          + "container below the base, as in ou=former")
      return nil
    }
    return levels.reversed().reduce(base) { $0.child($1) }
  }

  /// Refuses what would never do anything.
  func checkLeavers(_ inactive: Configuration.Inactive, _ removed: Configuration.Removed) {
    if has("leavers"), inactive != .disable, removed != .disable {
      reader.problem(
        position(of: "leavers"),
        "\(pathOf("leavers")): nobody is disabled, because neither inactive nor removed is disable")
    }
    if has("delete_after"), removed != .disable {
      reader.problem(
        position(of: "delete_after"),
        "\(pathOf("delete_after")): needs removed: disable; with removed: \(removed.rawValue) no entry waits to be deleted"
      )
    }
  }
}
