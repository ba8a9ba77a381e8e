#ifndef CTL_INI_H
#define CTL_INI_H

/* Parts of a configuration, printed as pmadd reads them. */
#include "config.h"

/* One pool: its size, its classes, and what is asked of the system for it. */
void ctl_ini_pool(const struct config *config, enum config_pool_id id);

/* Prints that key of [limits] if a command line or a file gave it another value than its default. */
void ctl_ini_limits(const struct config *config);

#endif
