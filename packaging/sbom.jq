# A CycloneDX document of what is in a package or an image, or of what the project pins.
#
# usage: jq -R -s -f packaging/sbom.jq --arg name NAME --arg version VERSION --arg time TIME \
#            --arg kind KIND FILE...
#   image, package  the files are dpkg's records of the packages that the programs load
#                   (deploy/docker/collect.sh); certificates are an image's alone
#   pins            the files are Maven's and PyPI's lists: what builds and tests the project, and
#                   Kafka, and is no part of a package or an image of its own

def package_url: "pkg:\(.type)/\(.group | if . == "" then "" else . + "/" end)\(.name)@\(.version | @uri)";

def component:
	{ type: "library", "bom-ref": (package_url + .qualifiers) } + (if .group == "" then {} else { group } end)
	+ { name, version, purl: (package_url + .qualifiers) } + (if .scope then { scope } else {} end);

def field($key): capture("(^|\n)\($key): (?<value>[^\n]*)").value;

def records:
	split("\n\n") | map(split("\n(?=Package: )"; null)[]) | map(select(test("(^|\n)Package: ")))
	| map({ type: "deb", group: "debian", name: field("Package"), version: field("Version"),
		qualifiers: "?arch=\(field("Architecture"))&distro=debian-12" })
	| map(select($kind == "image" or .name != "ca-certificates"));

def maven:
	([scan("<([a-z0-9.-]+\\.version)>([^<]+)<")] | map({ key: .[0], value: .[1] }) | from_entries) as $of
	| [scan("<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)</artifactId>\\s*<version>([^<]+)</version>")]
	| map(select(.[0] != "lab"))
	| map({ type: "maven", group: .[0], name: .[1], qualifiers: "", scope: "excluded",
		version: (.[2] as $v | ($v | ltrimstr("${") | rtrimstr("}")) as $name | $of[$name] // $v) });

def pypi:
	[scan("(?m)^([A-Za-z0-9._-]+)(?:\\[[^]]*\\])?==([^\\s;]+)")]
	| map({ type: "pypi", group: "", name: (.[0] | ascii_downcase | gsub("[._]"; "-")), version: .[1],
		qualifiers: "", scope: "excluded" });

(if $kind == "pins" then maven + pypi else records end | unique_by([.type, .group, .name, .version])
	| map(component)) as $components
| "pkg:generic/\($name)@\($version)" as $ref
| {
	bomFormat: "CycloneDX",
	specVersion: "1.5",
	version: 1,
	metadata: {
		timestamp: $time,
		component: { type: (if $kind == "image" then "container" else "application" end),
			"bom-ref": $ref, name: $name, version: $version, licenses: [{ license: { id: "MIT" } }] }
	},
	components: $components,
	dependencies: [{ ref: $ref, dependsOn: ($components | map(.["bom-ref"])) }]
}
