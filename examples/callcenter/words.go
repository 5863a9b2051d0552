package main

import "github.com/tenure-go/tenure/examples/internal/show"

// words are the Russian words for what rules and input write in Latin letters.
var words = show.Words{
	"Anna": "Анна", "Boris": "Борис", "Vera": "Вера", "Gleb": "Глеб", "Dana": "Дана", "Egor": "Егор", "Zoya": "Зоя", "Ilya": "Илья",
	"Katya": "Катя", "Lev": "Лев", "Maya": "Майя", "Nikita": "Никита", "Nina": "Нина", "Irina": "Ирина",

	"sea": "море", "lakes": "озёра", "cities": "города", "guests": "гости",
	"Sochi": "Сочи", "Anapa": "Анапа", "Gelendzhik": "Геленджик", "Irkutsk": "Иркутск", "Gorno-Altaysk": "Горно-Алтайск", "Petrozavodsk": "Петрозаводск",
	"Moscow": "Москва", "Petersburg": "Петербург", "Kazan": "Казань",
	"family": "с детьми", "sanatorium": "санатории", "last_minute": "горящие", "groups": "группы", "cottages": "домики", "fishing": "рыбалка", "winter": "зима",
	"hiking": "походы", "business": "командировки", "weekend": "выходные", "hostels": "хостелы", "change": "изменить бронь", "arrival": "заезд", "invoice": "счёт",
	"complaint": "жалоба", "lost_things": "забытые вещи", "thanks": "благодарность", "cancel": "отмена",

	"owner": "ответственный", "head": "руководитель", "operator": "оператор", "intake": "АТС", "result": "итог", "talking": "разговор", "ringing": "звонит", "callback": "перезвонить",
}
