package voucher

import "strings"

// say returns the text of a code in "ru", else in English, with {name} replaced by each name's
// value. A code without a text is its own text.
func say(lang, code string, pairs ...string) string {
	text, ok := texts[code]
	if !ok {
		return code
	}
	chosen := text[0]
	if lang == "ru" {
		chosen = text[1]
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(chosen)
}

// texts are in English and Russian.
var texts = map[string][2]string{
	"yes": {"yes", "да"},
	"no":  {"no", "нет"},

	"got":      {" (it is: {got})", " (сейчас: {got})"},
	"want":     {" (needed: {want})", " (нужно: {want})"},
	"got_want": {" (it is: {got}; needed: {want})", " (сейчас: {got}; нужно: {want})"},
	"position": {", at character {position}", ", символ {position}"},
	"nearest":  {" (did you mean {nearest}?)", " (может быть, {nearest}?)"},

	"party_client":    {"client", "клиент"},
	"party_manager":   {"manager", "менеджер"},
	"party_partner":   {"partner", "партнёр"},
	"party_bank":      {"bank", "банк"},
	"party_registrar": {"registrar", "регистратор"},
	"party_accounts":  {"accounts", "бухгалтерия"},

	// Errors.
	"mismatch":        {"command {id} was given before with another {field}: {had}, now {got}", "команда {id} уже была с другим значением {field}: {had}, теперь {got}"},
	"stale":           {"voucher {id} has revision {had}, not {got}", "у ваучера {id} ревизия {had}, а не {got}"},
	"taken":           {"number {number} belongs to reservation {by}", "номер {number} принадлежит брони {by}"},
	"unknown_voucher": {"there is no voucher {id}", "нет ваучера {id}"},
	"unknown_series":  {"there is no series {id}", "нет серии {id}"},
	"unknown_pack":    {"there is no pack {id}", "нет пакета {id}"},

	// Numbers and patterns.
	"digit":           {"a digit is expected", "ожидается цифра"},
	"literal_differs": {"not what the pattern has there", "не то, что стоит здесь в шаблоне"},
	"too_short":       {"the number ends too early", "номер обрывается"},
	"too_long":        {"too long", "слишком длинно"},
	"leading_zero":    {"more zeros than the pattern writes", "нулей больше, чем пишет шаблон"},
	"seq_zero":        {"places are counted from 1", "места считаются с 1"},
	"no_such_day":     {"there is no such day", "нет такого дня"},
	"no_such_month":   {"there is no such month", "нет такого месяца"},
	"year":            {"the year must lie in 1..9999", "год должен быть от 1 до 9999"},
	"seq":             {"a place lies in 1..999999999", "место должно быть от 1 до 999999999"},
	"literal":         {"braces and control characters cannot stand for themselves", "скобки и управляющие символы не могут стоять сами по себе"},
	"unclosed":        {"a brace is not closed", "скобка не закрыта"},
	"placeholder":     {"known are {seq:W}, {dd}, {mm}, {yy}, {yyyy}", "известны {seq:W}, {dd}, {mm}, {yy}, {yyyy}"},
	"ambiguous":       {"place, day, month and year are all needed to read a number back", "чтобы прочитать номер, нужны место, день, месяц и год"},

	// Reasons against a command.
	"missing":           {"is missing", "не заполнено"},
	"not_ticked":        {"is not confirmed", "не подтверждено"},
	"live_voucher":      {"the reservation has a voucher already", "у брони уже есть ваучер"},
	"same_reservation":  {"the reservation is named twice", "бронь названа дважды"},
	"trip_past":         {"the trip has begun already; mark the command as backdated if that is meant", "поездка уже началась; если так и задумано, отметьте команду как оформляемую задним числом"},
	"trip_end":          {"the trip ends before it begins", "поездка кончается раньше, чем начинается"},
	"trip_far":          {"the year is out of the range that a number can tell", "год вне пределов, которые различает номер"},
	"reserved":          {"the voucher gives this value itself", "это значение даёт сам ваучер"},
	"void":              {"the voucher is void", "ваучер аннулирован"},
	"other_reservation": {"a voucher stays with its reservation", "ваучер остаётся у своей брони"},
	"row_full":          {"the day's row is full", "ряд этого дня заполнен"},
	"number_date":       {"the number tells another trip start", "номер говорит о другой дате начала"},
	"issued_after":      {"it was issued after today", "дата выдачи в будущем"},
	"no_wording":        {"no wording is in force", "нет действующей редакции"},

	// Reasons against values.
	"wrong_type":         {"has another type", "другого типа"},
	"undeclared":         {"no document has such a field", "такого поля нет ни в одном документе"},
	"text_too_long":      {"is longer than a document takes", "длиннее, чем вмещает документ"},
	"not_utf8":           {"is not UTF-8", "не в UTF-8"},
	"control_character":  {"has a control character", "содержит управляющий символ"},
	"id_too_long":        {"is longer than 200 bytes", "длиннее 200 байт"},
	"currency":           {"is no currency code", "не код валюты"},
	"amount_too_large":   {"is too large", "слишком велико"},
	"amount_too_precise": {"has more decimals than the currency", "знаков после запятой больше, чем у валюты"},
	"zone":               {"is no time zone", "не часовой пояс"},

	// Reasons against a deal's papers.
	"step_before":    {"the step was passed over", "шаг пропущен"},
	"paper_outdated": {"the paper was printed with another value", "в документе напечатано другое значение"},
	"old_wording":    {"the paper was printed in a wording that is not in force", "документ напечатан в недействующей редакции"},
	"not_signed":     {"is not signed", "не подписано"},
	"differs":        {"differs", "не совпадает"},
	"sum_differs":    {"the parts do not add up", "части не складываются в сумму"},
	"too_early":      {"is too early", "слишком рано"},
	"expires":        {"expires too early", "истекает слишком рано"},
	"not_confirmed":  {"was never confirmed", "ни разу не подтверждено"},
	"stale_value":    {"was confirmed too long ago", "подтверждено слишком давно"},
	"no_match":       {"does not have the form", "не той формы"},
	"none_of":        {"is none of those possible", "не из возможных"},

	// Problems of templates, packs and configurations.
	"syntax":            {"cannot be read", "не читается"},
	"unknown_key":       {"means nothing here", "здесь ничего не значит"},
	"twice":             {"is written twice", "записано дважды"},
	"trailing":          {"something follows the end", "после конца что-то есть"},
	"too_deep":          {"is nested too deeply", "слишком глубокая вложенность"},
	"file_name":         {"files are called ID.vVERSION.LANG.html or .sheet", "файлы называются ID.vВЕРСИЯ.ЯЗЫК.html или .sheet"},
	"no_schema":         {"has no schema beside it", "рядом нет схемы"},
	"no_body":           {"has no body beside it", "рядом нет текста"},
	"identifier":        {"is no name", "не имя"},
	"fields_of_scalar":  {"only a list has fields of its own", "свои поля есть только у списка"},
	"nested_list":       {"a list has no lists inside", "в списке нет списков"},
	"empty_list":        {"a list needs fields", "списку нужны поля"},
	"field_type":        {"is no type", "не тип"},
	"given_type":        {"the voucher gives this value with another type", "ваучер даёт это значение другого типа"},
	"no_party":          {"no party is named", "не названа сторона"},
	"no_title":          {"has no title in this language", "нет названия на этом языке"},
	"body_too_long":     {"is too long", "слишком длинно"},
	"empty_body":        {"prints nothing", "ничего не печатает"},
	"does_not_render":   {"cannot be filled in", "не заполняется"},
	"version":           {"versions are counted from 1", "версии считаются с 1"},
	"language":          {"is no language of the package", "не язык пакета"},
	"kind":              {"is no kind of template", "не вид шаблона"},
	"not_a_sheet":       {"has no lines; only a sheet has", "не состоит из строк; это есть только у sheet"},
	"last_before_first": {"the last day is before the first", "последний день раньше первого"},
	"cannot_check":      {"cannot be checked, so it is not allowed", "проверить нельзя, поэтому не разрешено"},
	"unknown_field":     {"there is no such field", "нет такого поля"},
	"unknown_function":  {"there is no such function", "нет такой функции"},
	"prints_list":       {"a list is printed element by element", "список печатается поэлементно"},
	"unguarded":         {"an optional field may print a blank", "необязательное поле может напечатать пустоту"},
	"never_printed":     {"a required field may go unprinted", "обязательное поле может не напечататься"},
	"value_in_tag":      {"a value is printed inside a tag or a comment", "значение печатается внутри тега или комментария"},
	"value_in_script":   {"a value is printed inside a script", "значение печатается внутри скрипта"},
	"value_in_style":    {"a value is printed inside a style", "значение печатается внутри стиля"},
	"value_in_element":  {"a value is printed where no reader sees it", "значение печатается там, где его не увидят"},
	"unknown_template":  {"there is no such template", "нет такого шаблона"},
	"unknown_paper":     {"there is no such paper", "нет такого документа"},
	"unknown_step":      {"there is no such step", "нет такого шага"},
	"cycle":             {"steps wait for each other", "шаги ждут друг друга"},
	"validator_kind":    {"is no kind of validator", "не вид проверки"},
	"count":             {"has too few or too many", "слишком мало или слишком много"},
	"pattern":           {"is no pattern", "не шаблон"},
	"unused":            {"this kind of validator does not use it", "этот вид проверки этим не пользуется"},
	"negative":          {"is negative", "отрицательно"},
	"no_store":          {"a store is required", "нужно хранилище"},
	"same_pattern":      {"two series would write the same numbers", "две серии писали бы одинаковые номера"},
	"not_on_values":     {"only values can be judged before a number is given", "до выдачи номера можно судить только о значениях"},
	"empty":             {"is empty", "пусто"},
	"limit":             {"is below 1", "меньше 1"},
	"too_many":          {"are too many", "слишком много"},
}
