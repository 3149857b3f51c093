// What the pages do in addition to mdBook: the starting point of every module.
