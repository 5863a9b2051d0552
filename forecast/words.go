package forecast

// russianWords are the library's own words in tables.
var russianWords = map[string]string{
	"CAC": "CAC", "CPL": "CPL", "ROMI": "ROMI", "ADR": "ADR", "RevPAR": "RevPAR", "WAPE": "WAPE",
	"Methods compared": "Сравнение методов", "Funnel": "Воронка", "Load": "Нагрузка", "Marketing": "Маркетинг", "Rooms": "Номера", "Calls": "Звонки", "Sales": "Продажи",
	"agencies": "агентств", "agency": "агентство", "airport": "аэропорт", "all": "все", "answer rate": "доля принятых", "answered": "принято", "available": "в продаже",
	"bias": "смещение", "branch": "филиал", "called back": "перезвонили", "cancelled": "отменено", "change": "изменение", "channel": "канал", "chosen": "выбран",
	"city": "город", "conversion": "конверсия", "country": "страна", "coverage": "покрытие", "currency": "валюта", "difference": "разница", "early": "раньше",
	"expected": "прогноз", "fact": "факт", "first response": "первый ответ", "group": "группа", "growth": "рост", "guests": "туристы", "high": "до", "in time": "вовремя",
	"late": "позже", "leads": "лиды", "line": "линия", "lost": "потеряно", "low": "от", "manager": "менеджер", "mean": "ожидается", "method": "метод", "missed": "пропущено",
	"money": "деньги", "month": "месяц", "number": "количество", "occupancy": "загрузка", "on paper": "по договорам", "open": "открыто", "opened": "обращений",
	"operator": "оператор", "outgoing": "исходящих", "part": "часть", "period": "период", "plan": "план", "product": "продукт", "project": "проект", "received": "получено",
	"redated": "перенесено", "region": "регион", "revenue": "выручка", "seconds to answer": "секунд до ответа", "short": "недоплата", "sold": "продано", "spend": "расход",
	"total": "итого", "touches": "касаний", "unanswered rings": "вызовов без ответа", "unplanned": "вне плана", "velocity": "скорость", "days": "дней",
	"visits": "визитов", "windows": "окон", "won": "выиграно", "year before": "год назад", "1 week": "1 неделя", "2 weeks": "2 недели", "3 weeks": "3 недели",
}
