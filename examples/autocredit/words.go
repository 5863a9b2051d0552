package main

import "github.com/tenure-go/tenure/examples/internal/show"

// words are the Russian words for what rules and input write in Latin letters.
var words = show.Words{
	"Anna": "Анна", "Boris": "Борис", "Vera": "Вера", "Gleb": "Глеб", "Dina": "Дина", "Egor": "Егор", "Zhanna": "Жанна", "Kirill": "Кирилл", "Igor": "Игорь",
	"Lidia": "Лидия", "Marat": "Марат", "Nadya": "Надя", "Oksana": "Оксана", "Alisa": "Алиса", "Semyon": "Семён", "Timur": "Тимур",
	"Lena": "Лена", "Oleg": "Олег", "Rita": "Рита", "Bella": "Белла", "Bair": "Баир", "Dulma": "Дулма", "Zoya": "Зоя", "Vova": "Вова", "Olga": "Ольга", "Nina": "Нина", "Petr": "Пётр",

	"Irkutsk": "Иркутск", "Chita": "Чита", "Blagoveshchensk": "Благовещенск", "irkutsk": "Иркутск", "chita": "Чита", "blagoveshchensk": "Благовещенск",
	"Airport": "Аэропорт", "Lenin": "Ленина", "Butin": "Бутина", "Zeya": "Зейская", "st": "ул",

	"auto_sales": "продажа авто", "auto_credit": "автокредит", "auto_buyout": "выкуп авто", "callcenter": "колл-центр",
	"owner": "ответственный", "head": "руководитель", "seller": "продавец", "pricer": "оценщик", "credit": "кредит", "intake": "сайт",
	"name": "имя", "phone": "телефон", "city": "город", "car": "автомобиль", "price": "цена", "payment": "способ оплаты", "passport": "паспорт", "paid": "оплачено", "reason": "причина отказа",
	"lead": "заявка", "accepted": "принята", "offer": "предложение", "documents": "документы", "won": "продано", "lost": "отказ", "problem": "проблемы",
}
