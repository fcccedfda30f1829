# What is wrong with the board. uid: that of the data source that is provisioned.
(.panels | group_by(.id)[] | select(length > 1) | "panel id \(.[0].id) comes twice"),
(.panels | group_by(.gridPos | [.x, .y])[] | select(length > 1)
	| "\(map(.title)) are in one place"),
(.panels[] | select(.gridPos.x + .gridPos.w > 24) | "\(.title) is too wide"),
(.panels[] | select(.type != "row" and ((.targets // []) | length == 0))
	| "\(.title) asks for nothing"),
(.panels[] | .title as $title | .. | .datasource? // empty
	| select(.uid != $uid) | "\($title): data source \(.uid) is not provisioned")
