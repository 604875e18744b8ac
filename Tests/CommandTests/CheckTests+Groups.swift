import Sandbox
import Testing

extension CheckTests {
  /// What the attributes of groups read is named, granted, and not called watched.
  @Test func whatAttributesOfGroupsRead() async throws {
    var settings = SiteSettings()
    settings.schema += """
      ; ALTER TABLE users ADD team text; CREATE TABLE teams (name text, gid int); CREATE TABLE tiers (name text, tier text);
      CREATE VIEW shown AS SELECT name, tier FROM tiers;
      CREATE FUNCTION note(text) RETURNS text STABLE BEGIN ATOMIC SELECT tier FROM shown WHERE name = $1; END
      """
    settings.more = """
      groups:
        base: BASE
        membership: "ARRAY[team]"
        attributes:
          ou: "(SELECT t.gid::text FROM teams t WHERE t.name = roster_group.name)"
          description: "note(roster_group.name)"
      """
    let made = try await House.shared.site(settings)
    let site = try made.with("base: BASE", "base: \(made.base)")
    let words = [
      "groups.attributes.ou: reads public.teams (gid, name) when a group is created; it is not watched",
      "groups.attributes.description: reads public.tiers (name, tier) when a group is created; it is not watched",
    ]
    let installed = try await site.install()
    let checked = try await site.succeed("check")
    for line in words {
      #expect(installed.output.contains(line), "\(installed.words)")
      #expect(checked.output.contains(line), "\(checked.words)")
    }
    #expect(try await site.sql("SELECT has_table_privilege('\(site.role)', 'teams', 'SELECT')") == "t")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.watched") == "1")
  }
}
